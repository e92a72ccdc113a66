-- wrk: put new keys into etcd, each only if it is absent.
-- Hexadecimal digits are Base64 as well, of other bytes.
local bench = dofile(debug.getinfo(1, "S").source:match("^@(.*)etcd.lua$") ..
    "bench.lua")
local value = string.rep("x", 400) -- of 300 bytes

function init() bench.seed() end

function request()
  local key = bench.hex(32)
  return wrk.format("POST", "/v3/kv/txn", nil, '{"compare":[{"key":"' .. key ..
      '","target":"VERSION","version":"0"}],"success":[{"requestPut":' ..
      '{"key":"' .. key .. '","value":"' .. value .. '"}}]}')
end
