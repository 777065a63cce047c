// Times in the time zone of the people who are woken.

// night is when people sleep, from its first hour to the hour it ends.
export const night = { from: 22, to: 7 };

// zone is a time zone that the browser knows, or its own.
export function zone(name: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = timeZone + JSON.stringify(options);
  let f = formats.get(key);
  if (!f) formats.set(key, (f = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone(timeZone) })));
  return f;
}

// date writes an axis' time: the day, and the hour where the ticks are closer than a day.
export const date = (t: number, timeZone: string, step: number): string =>
  formatter(timeZone, step < 86400 ? { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" })
    .format(t * 1000).replace(", ", " ");

// moment writes a time with its weekday: Tue 3 Nov, 14:30.
export const moment = (t: number, timeZone: string): string =>
  formatter(timeZone, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(t * 1000);

// day writes a date with its year.
export const day = (t: number, timeZone: string): string =>
  formatter(timeZone, { day: "numeric", month: "short", year: "numeric" }).format(t * 1000);

// nights are the nights of a window, as [start, end] to the quarter of an hour.
export function nights(start: number, end: number, timeZone: string): [number, number][] {
  const hour = formatter(timeZone, { hour: "2-digit", hourCycle: "h23" });
  const found: [number, number][] = [];
  const quarter = 900;
  for (let t = Math.floor(start / quarter) * quarter; t < end; t += quarter) {
    const at = Number(hour.format(t * 1000));
    if (at < night.from && at >= night.to) continue;
    const last = found.at(-1);
    if (last && last[1] === t) last[1] = t + quarter;
    else found.push([t, t + quarter]);
  }
  return found;
}
