-- wrk: what the scripts that read and write have in common.  They load it.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local bench = {}

-- Each thread asks for others, in each run.
function bench.seed() math.randomseed(os.time() * 100 + number) end

function bench.hex(n)
  local digits = {}
  for i = 1, n, 4 do
    digits[#digits + 1] = string.format("%04x", math.random(0, 65535))
  end
  return table.concat(digits):sub(1, n)
end

-- A path in which N stands for a stream and M for an event.
function bench.where(path, streams, events)
  local where = path:gsub("N", math.random(1, streams))
  return (where:gsub("M", math.random(0, events - 1)))
end

return bench
