-- Shared by every script that writes under a lease.

-- Return nil when epoch is the lease's, otherwise the error to answer with.
local function fenced(lease_key, epoch)
  local current = redis.call('HGET', lease_key, 'epoch')
  if current == epoch then
    return nil
  end
  return redis.error_reply('FENCED epoch ' .. epoch .. ' is not ' .. (current or 'held'))
end

-- Return the server's time in whole milliseconds since 1970.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

