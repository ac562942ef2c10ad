-- Adds the packets of one read and trims the log at keyframes.
-- KEYS: packets, packet_bytes, gops, templates, lease.
-- ARGV: epoch, backlog in ms, max bytes, max bytes of a GOP, life of the keys in s,
--       template id, template or '' (then it is known),
--       and for each packet: '1' where a GOP begins, meta, payload.
-- A GOP is noted as '<entry id> <bytes ever written before it> <template id>'.
-- Returns {held ms, held bytes}; {-1, 0} when the template is not known and must come along.
local refusal = fenced(KEYS[5], ARGV[1])
if refusal then
  return refusal
end
local backlog_ms, max_bytes, max_gop_bytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local template_id, template = ARGV[6], ARGV[7]
if template ~= '' then
  redis.call('HSET', KEYS[4], template_id, template)
elseif redis.call('HEXISTS', KEYS[4], template_id) == 0 then
  return {-1, 0}
end

local function gop(index)
  local text = redis.call('LINDEX', KEYS[3], index)
  if not text then
    return nil
  end
  local id, ms, before, of = string.match(text, '^((%d+)-%d+) (%d+) (%x+)$')
  return {id = id, ms = tonumber(ms), before = tonumber(before), template_id = of}
end

local function begin_gop(id, before)
  redis.call('RPUSH', KEYS[3], string.format('%s %.0f %s', id, before, template_id))
end

local total = tonumber(redis.call('GET', KEYS[2]) or '0')
local newest = gop(-1)
for i = 8, #ARGV, 3 do
  local id = redis.call('XADD', KEYS[1], '*', 'm', ARGV[i + 1], 'd', ARGV[i + 2])
  if ARGV[i] == '1' or (newest and total - newest.before > max_gop_bytes) then
    begin_gop(id, total)
    newest = gop(-1)
  end
  total = total + #ARGV[i + 2]
end
redis.call('SET', KEYS[2], string.format('%.0f', total))

local now = now_ms()
local first, second = gop(0), gop(1)
local dropped = false
while second do
  local is_long_enough = now - second.ms >= backlog_ms
  local is_too_large = total - first.before > max_bytes
  if not is_long_enough and not is_too_large then
    break
  end
  redis.call('LPOP', KEYS[3])
  dropped = true
  first, second = second, gop(1)
end
if dropped then
  redis.call('XTRIM', KEYS[1], 'MINID', first.id)
  if redis.call('HLEN', KEYS[4]) > 1 then
    local needed = {[template_id] = true}
    for _, text in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
      needed[string.match(text, '(%x+)$')] = true
    end
    for _, id in ipairs(redis.call('HKEYS', KEYS[4])) do
      if not needed[id] then
        redis.call('HDEL', KEYS[4], id)
      end
    end
  end
end
for key = 1, 4 do
  redis.call('EXPIRE', KEYS[key], ARGV[5])
end
if not first then
  return {0, 0}
end
return {now - first.ms, total - first.before}
