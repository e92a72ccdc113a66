-- wrk: read random streams and events.
-- arguments: PATH (N in it becomes a stream's number, M an event's), streams,
-- events, and headers, name and value in turn
local threads, path, streams, events = 0
local headers = {}

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(os.time() * 100 + number)
  path, streams, events = args[1], tonumber(args[2]), tonumber(args[3])
  for i = 4, #args, 2 do headers[args[i]] = args[i + 1] end
end

function request()
  local where = path:gsub("N", math.random(1, streams))
  where = where:gsub("M", math.random(0, events - 1))
  return wrk.format("GET", where, headers)
end
