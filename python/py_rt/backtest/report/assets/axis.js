"use strict";
// The time axis: x is time in ms with the nights of session venues left out, so that charts have
// no flat stretches. Ticks fall on round times of the clock on the wall of the venue.
function timeAxis(data) {
  const UTC = data.zone === "UTC";
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const span = data.end - data.start;
  const sessions = data.sessions || [[data.start, data.end]];
  const pause = data.sessions
    ? sessions.reduce((sum, [open, close]) => sum + close - open, 0) / sessions.length / 60
    : 0;
  const origins = [];
  sessions.reduce((x, [open, close]) => (origins.push(x), x + (close - open) + pause), 0);

  // The index of the last value that is not above the given one; the first when all are.
  function indexAt(values, value) {
    let low = 0, high = values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (values[middle] <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  const opens = sessions.map(([open]) => open);
  function toX(t) {
    const at = indexAt(opens, t);
    const [open, close] = sessions[at];
    return origins[at] + (t <= close ? t - open : close - open + (t - close > 1 ? pause / 2 : 0));
  }
  function toTime(x) {
    const at = indexAt(origins, x);
    return sessions[at][0] + Math.min(x - origins[at], sessions[at][1] - sessions[at][0]);
  }

  const offsets = new Map();
  const wall = new Intl.DateTimeFormat("en-US", {
    timeZone: data.zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  });
  // What to add to UTC to read the clock on the wall, in ms.
  function offset(t) {
    if (UTC) return 0;
    const hour = Math.floor(t / HOUR);
    if (!offsets.has(hour)) {
      const part = {};
      for (const { type, value } of wall.formatToParts(hour * HOUR)) part[type] = +value;
      const read = Date.UTC(
        part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
      offsets.set(hour, read - hour * HOUR);
    }
    return offsets.get(hour);
  }
  const local = (t) => new Date(t + offset(t));
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const two = (n) => String(n).padStart(2, "0");
  const clockText = (d, seconds, millis) =>
    two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) +
    (seconds ? ":" + two(d.getUTCSeconds()) : "") +
    (millis ? "." + String(d.getUTCMilliseconds()).padStart(3, "0") : "");
  const dayText = (d) => d.getUTCDate() + " " + MONTHS[d.getUTCMonth()];
  function longTime(t) {
    const d = local(t);
    const day = dayText(d) + " " + d.getUTCFullYear();
    if (span > 3 * 365 * DAY) return day;
    return day + " " + clockText(d, span < 5 * DAY, span < 2 * HOUR);
  }

  // Steps that a tick may have; calendar ones are counted in months, the rest in ms.
  const STEPS = [
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
    ...[1, 2, 3, 4, 6, 12].map((n) => n * HOUR),
    ...[1, 2, 4, 7, 14].map((n) => n * DAY),
  ];
  const MONTH_STEPS = [1, 3, 6, 12, 24, 60, 120];

  function ticksOf(step, from, to) {
    const found = [];
    const first = from + offset(from);
    for (let wallTime = Math.ceil(first / step) * step; ; wallTime += step) {
      const t = wallTime - offset(wallTime - offset(wallTime));
      if (t > to || found.length > 4000) return found;
      found.push(t);
    }
  }
  function monthTicks(step, from, to) {
    const found = [];
    const first = local(from);
    let month = first.getUTCFullYear() * 12 + first.getUTCMonth() + 1;
    for (month = Math.ceil(month / step) * step; ; month += step) {
      const wallTime = Date.UTC(Math.floor(month / 12), month % 12, 1);
      const t = wallTime - offset(wallTime);
      if (t > to) return found;
      found.push(t);
    }
  }
  // With sessions, days are marked at openings: each, every second, or the first of some weeks.
  function openings(every) {
    if (every < 5) return origins.filter((_, at) => at % every === 0);
    const week = (at) => Math.floor((local(opens[at]) / DAY + 3) / 7 / (every / 5));
    return origins.filter((_, at) => at > 0 && week(at) !== week(at - 1));
  }
  // Ticks inside a session for steps below a day; the session's opening stands for a whole day.
  function placed(times, step, min, max, gapX) {
    const xs = [];
    xs.crowded = 0;
    for (const t of times) {
      const at = indexAt(opens, t);
      const inside = t >= sessions[at][0] && t <= sessions[at][1];
      if (!inside && step < DAY) continue;
      const next = sessions[at + 1];
      const x = inside ? toX(t) : next ? origins[at + 1] : null;
      const before = xs[xs.length - 1];
      if (x === null || x < min || x > max || x === before) continue;
      if (x - before < gapX) xs.crowded += 1;
      else xs.push(x);
    }
    return xs;
  }
  function splits(u, axis, min, max) {
    const width = u.bbox.width / devicePixelRatio;
    const most = Math.max(2, Math.floor(width / 84));
    const gapX = ((max - min) / width) * 62;
    const from = toTime(min), to = toTime(max);
    const finest = (max - min) / most;
    for (const step of STEPS) {
      if (data.sessions && step >= DAY) break;
      if (step < finest * 0.6 || (to - from) / step > 3000) continue;
      const xs = placed(ticksOf(step, from, to), step, min, max, gapX);
      if (xs.crowded > xs.length / 6 || (xs.length < 2 && step >= DAY)) continue;
      return tagged(xs, step);
    }
    for (const every of data.sessions ? [1, 2, 5, 10] : []) {
      const xs = openings(every).filter((x) => x >= min && x <= max);
      if (xs.length > 1 && xs.length <= most && xs[1] - xs[0] >= gapX) return tagged(xs, DAY);
    }
    for (const step of MONTH_STEPS) {
      const xs = placed(monthTicks(step, from, to), 28 * DAY, min, max, gapX);
      if (xs.crowded <= xs.length / 6) return tagged(xs, step * 28 * DAY);
    }
    return tagged([min], DAY);
  }
  function tagged(xs, step) {
    splits.step = step;
    return xs;
  }
  function tickLabels(u, xs) {
    const step = splits.step;
    const edge = u.scales.x.max - (u.scales.x.max - u.scales.x.min) * (18 * devicePixelRatio) /
      u.bbox.width;
    let day = null;
    return xs.map((x) => {
      if (x > edge) return "";
      const d = local(toTime(x));
      if (step >= 28 * DAY) {
        const year = String(d.getUTCFullYear());
        return step >= 12 * 28 * DAY || d.getUTCMonth() === 0 ? year : MONTHS[d.getUTCMonth()];
      }
      if (step >= DAY) return dayText(d);
      const name = dayText(d), fresh = name !== day;
      day = name;
      return clockText(d, step < MINUTE, step < SECOND) + (fresh ? "\n" + name : "");
    });
  }

  return { toX, toTime, longTime, splits, tickLabels, at: indexAt };
}
