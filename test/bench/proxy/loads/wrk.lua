-- wrk -s wrk.lua … -- [LENGTH]: prints one line of JSON at the end. With LENGTH every response is looked at: 200, and
-- a body that is as long as it says and the same each time. Without, wrk counts by itself and is faster.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

wrong = 0

function init(args)
  local length = tonumber(args[1])
  if length == nil then
    return
  end
  local first
  response = function(status, _, body)
    first = first or body
    if status ~= 200 or #body ~= length or body ~= first then
      wrong = wrong + 1
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local wrong = 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get('wrong')
  end
  io.write(
    string.format(
      '{"requests":%d,"bytes":%d,"microseconds":%d,"failed":%d,"refused":%d,"wrong":%d,"p50":%d}\n',
      summary.requests,
      summary.bytes,
      summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout,
      errors.status,
      wrong,
      latency:percentile(50)
    )
  )
end
