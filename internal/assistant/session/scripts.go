package session

import "github.com/redis/go-redis/v9"

// The clock is that of Redis, so that replicas agree on what has expired.
const clockLua = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

// appendScript adds messages to a session, drops its oldest beyond the limits, renews it and its entry in the index, and
// removes expired entries. The index lives as long as its last session.
//
// KEYS are the session and the index, ARGV the session's id, its TTL in milliseconds, the maximum of messages and bytes,
// and the messages. A message that alone is too large is dropped with the rest of its session.
var appendScript = redis.NewScript(clockLua + `
local list, index = KEYS[1], KEYS[2]
local id, ttl, messages, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for i = 5, #ARGV do
  redis.call('RPUSH', list, ARGV[i])
end
redis.call('LTRIM', list, -messages, -1)
local kept = redis.call('LRANGE', list, 0, -1)
local size, from = 0, #kept
while from > 0 and size + #kept[from] <= bytes do
  size = size + #kept[from]
  from = from - 1
end
redis.call('LTRIM', list, from, -1)
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
if redis.call('EXISTS', list) == 1 then
  redis.call('PEXPIREAT', list, string.format('%.0f', now + ttl))
  redis.call('ZADD', index, string.format('%.0f', now + ttl), id)
else
  redis.call('ZREM', index, id)
end
local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
if last then
  redis.call('PEXPIREAT', index, string.format('%.0f', last))
end
return #kept
`)

// activeScript counts the ids in the index, its only key, that have not expired.
var activeScript = redis.NewScript(clockLua + `
return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
`)
