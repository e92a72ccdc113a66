-- wrk: read random streams and events.
-- arguments: PATH (N in it becomes a stream's number, M an event's), streams,
-- events, and headers, name and value in turn
local bench = dofile(debug.getinfo(1, "S").source:match("^@(.*)get.lua$") ..
    "bench.lua")
local path, streams, events
local headers = {}

function init(args)
  bench.seed()
  path, streams, events = args[1], tonumber(args[2]), tonumber(args[3])
  for i = 4, #args, 2 do headers[args[i]] = args[i + 1] end
end

function request()
  return wrk.format("GET", bench.where(path, streams, events), headers)
end
