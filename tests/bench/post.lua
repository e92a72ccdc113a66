-- wrk: append events to random streams.
-- arguments: PATH (N in it becomes a random number), streams, events, bytes
local bench = dofile(debug.getinfo(1, "S").source:match("^@(.*)post.lua$") ..
    "bench.lua")
local headers = {["Content-Type"] = "application/vnd.eventstore.events+json"}
local hex = bench.hex
local path, streams, events, pad

function init(args)
  bench.seed()
  path, streams, events = args[1], tonumber(args[2]), tonumber(args[3])
  pad = string.rep("x", tonumber(args[4]) - #'{"p":""}')
end

local function event()
  return '{"eventId":"' .. hex(8) .. "-" .. hex(4) .. "-4" .. hex(3) .. "-8" ..
      hex(3) .. "-" .. hex(12) .. '","eventType":"benched","data":{"p":"' ..
      pad .. '"}}'
end

function request()
  local batch = {}
  for i = 1, events do batch[i] = event() end
  return wrk.format("POST", bench.where(path, streams, 1), headers,
      "[" .. table.concat(batch, ",") .. "]")
end
