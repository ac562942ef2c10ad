-- Appends facts to the log, unless too many wait for the writer.
-- KEYS: facts. ARGV: how many may wait, and each fact.
-- Returns how many wait; -1 where there was no room, and nothing was appended.
local waiting = redis.call('XLEN', KEYS[1])
if waiting + #ARGV - 1 > tonumber(ARGV[1]) then
  return -1
end
for i = 2, #ARGV do
  redis.call('XADD', KEYS[1], '*', 'f', ARGV[i])
end
return waiting + #ARGV - 1
