-- Gives back to a queue of dramatiq's what workers had taken that have died since.
-- KEYS: heartbeats, the queue, its messages. ARGV: heartbeats before this are of the dead (ms since
-- 1970), what the keys of a worker begin with, what they end in.
-- Returns how many messages were given back.
-- dramatiq's own maintenance asks KEYS for the names of all keys, which no user of ours may.
local count = 0
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, ARGV[1])) do
  local taken = ARGV[2] .. worker .. ARGV[3]
  for _, message in ipairs(redis.call('SMEMBERS', taken)) do
    if redis.call('HEXISTS', KEYS[3], message) == 1 then
      redis.call('RPUSH', KEYS[2], message)
      count = count + 1
    end
  end
  redis.call('DEL', taken)
end
return count
