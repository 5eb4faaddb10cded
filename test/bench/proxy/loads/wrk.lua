-- wrk -s wrk.lua … -- [length=BYTES] [hosts=FILE]: prints one line of JSON at the end.
--
--   length  every response is looked at: 200, and a body that is so long and the same each time
--   hosts   each request asks for the next host of the file, which has one a line
--
-- Without them wrk does all by itself, and is faster.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

wrong = 0

local function look(length)
  local first
  response = function(status, _, body)
    first = first or body
    if status ~= 200 or #body ~= length or body ~= first then
      wrong = wrong + 1
    end
  end
end

local function ask(file)
  local requests = {}
  for host in io.lines(file) do
    wrk.headers['Host'] = host
    table.insert(requests, wrk.format())
  end
  local next = 0
  request = function()
    next = next % #requests + 1
    return requests[next]
  end
end

function init(args)
  for _, word in ipairs(args) do
    local name, value = word:match('^(%w+)=(.+)$')
    if name == 'length' then
      look(tonumber(value))
    elseif name == 'hosts' then
      ask(value)
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local sum = 0
  for _, thread in ipairs(threads) do
    sum = sum + thread:get('wrong')
  end
  io.write(
    string.format(
      '{"requests":%d,"bytes":%d,"microseconds":%d,"failed":%d,"refused":%d,"wrong":%d}\n',
      summary.requests,
      summary.bytes,
      summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout,
      errors.status,
      sum
    )
  )
end
