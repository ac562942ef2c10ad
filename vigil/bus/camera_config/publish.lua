-- KEYS: head, documents of changed cameras ..., documents of removed cameras ...
-- ARGV: generation, head, number of changed, bell channel, the changed documents ...
-- Returns 0 when the head that is there is of a newer generation.
local known = redis.call('GET', KEYS[1])
if known then
  local ok, head = pcall(cjson.decode, known)
  if ok and head['generation'] > tonumber(ARGV[1]) then
    return 0
  end
end
local changed = tonumber(ARGV[3])
for i = 1, changed do
  redis.call('SET', KEYS[1 + i], ARGV[4 + i])
end
for i = 2 + changed, #KEYS do
  redis.call('DEL', KEYS[i])
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 1
