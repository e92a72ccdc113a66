-- wrk: append events to random streams.
-- arguments: PATH (N in it becomes a random number), streams, events, bytes
local headers = {["Content-Type"] = "application/vnd.eventstore.events+json"}
local threads, path, streams, events, pad = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(os.time() * 100 + number)
  path, streams, events = args[1], tonumber(args[2]), tonumber(args[3])
  pad = string.rep("x", tonumber(args[4]) - #'{"p":""}')
end

local function hex(n)
  return string.format("%0" .. n .. "x", math.random(0, 16 ^ n - 1))
end

local function event()
  return '{"eventId":"' .. hex(8) .. "-" .. hex(4) .. "-4" .. hex(3) .. "-8" ..
      hex(3) .. "-" .. hex(6) .. hex(6) ..
      '","eventType":"benched","data":{"p":"' .. pad .. '"}}'
end

function request()
  local batch = {}
  for i = 1, events do batch[i] = event() end
  local where = path:gsub("N", math.random(1, streams))
  return wrk.format("POST", where, headers, "[" .. table.concat(batch, ",") ..
      "]")
end
