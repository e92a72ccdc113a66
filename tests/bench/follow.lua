-- wrk: long polls, each for what comes after the last answer, as a reader does.
-- argument: PATH of the first
local headers = {["ES-LongPoll"] = "300",
                 ["Accept"] = "application/vnd.eventstore.atom+json"}
local where

function init(args) where = args[1] end

function request() return wrk.format("GET", where, headers) end

function response(status, headers, body)
  for uri, relation in
      body:gmatch('"uri": "http://[^/]*([^"]*)",%s*"relation": "(%l*)"') do
    if relation == "previous" then where = uri end
  end
end
