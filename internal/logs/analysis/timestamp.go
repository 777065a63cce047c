package analysis

import "time"

// layouts are the accepted timestamps, by what is between date and time: RFC 3339, what Python's isoformat(), str() and
// logging write, and offsets without a colon. Without a zone they are in UTC. A fraction may follow a dot or a comma.
var layouts = map[byte][]string{
	'T': {time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700"},
	' ': {"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700"},
}

const dateLength = len("2006-01-02T")

// timestampParser caches the last date, since those of a log are few.
type timestampParser struct {
	date     [dateLength]byte
	midnight int64 // of that date, in seconds since 1970
}

// parse reads a timestamp.
func (p *timestampParser) parse(text []byte) (time.Time, bool) {
	if t, ok := p.sameDay(text); ok {
		return t, true
	}
	if len(text) < dateLength {
		return time.Time{}, false
	}
	for _, layout := range layouts[text[dateLength-1]] {
		t, err := time.Parse(layout, string(text))
		if err != nil {
			continue
		}
		t = t.UTC()
		if len(text) > dateLength && text[len(text)-1] == 'Z' {
			p.date = [dateLength]byte(text)
			y, m, d := t.Date()
			p.midnight = time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()
		}
		return t, true
	}
	return time.Time{}, false
}

// sameDay reads HH:MM:SS.ffffffZ, the time of our own lines, if the date is the cached one.
func (p *timestampParser) sameDay(text []byte) (time.Time, bool) {
	const own = "15:04:05.000000Z"
	if len(text) != dateLength+len(own) || [dateLength]byte(text) != p.date {
		return time.Time{}, false
	}
	b := text[dateLength:]
	if b[2] != ':' || b[5] != ':' || b[8] != '.' || b[15] != 'Z' {
		return time.Time{}, false
	}
	h, m, s := twoDigits(b), twoDigits(b[3:]), twoDigits(b[6:])
	f1, f2, f3 := twoDigits(b[9:]), twoDigits(b[11:]), twoDigits(b[13:])
	if min(h, m, s, f1, f2, f3) < 0 || h > 23 || m > 59 || s > 59 {
		return time.Time{}, false
	}
	micros := f1*10000 + f2*100 + f3
	return time.Unix(p.midnight+int64(h*3600+m*60+s), int64(micros)*1000).UTC(), true
}

// twoDigits reads a number of two digits; negative if it is none.
func twoDigits(b []byte) int {
	tens, ones := b[0]-'0', b[1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}
