-- For wrk: each request appends one event to one of many streams.
local BYTES, STREAMS = 300, 1000
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init()
    math.randomseed(os.time() * 64 + number)
    data = string.rep("x", BYTES)
    headers = {["Content-Type"] = "application/vnd.eventstore.events+json"}
end

local function hex(digits)
    return string.format("%0" .. digits .. "x", math.random(0, 16 ^ digits - 1))
end

function request()
    local id = hex(6) .. hex(2) .. "-" .. hex(4) .. "-4" .. hex(3) .. "-8" ..
        hex(3) .. "-" .. hex(6) .. hex(6)
    return wrk.format("POST", "/streams/bench-" .. math.random(STREAMS),
        headers, '[{"eventId":"' .. id .. '","eventType":"measured",' ..
        '"data":{"text":"' .. data .. '"}}]')
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "%.0f %.2f %.2f %d\n", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.status + errors.connect + errors.read + errors.timeout))
end
