// What the server answers; times are Unix seconds, durations seconds, values in the unit's base.

export interface Level {
  severity: string;
  above?: number;
  below?: number;
  for: number;
  keepFiringFor: number;
  fixed?: boolean; // the rule has no number to move
}

export interface Subject {
  kind: string;
  namespace: string;
  name: string;
  alert?: string;
  expr: string;
  unit: string;
  window: { start: number; end: number; step: number };
  timeZone: string;
  levels: Level[];
  canApply: boolean;
  applyAbsent?: string;
  notes?: string[] | null;
  buckets?: number[] | null;
}

export interface Progress {
  phase: string;
  done: number;
  samples: number;
  left: number | null; // seconds; null when not known yet
}

export interface Ready {
  series: number;
  samples: number;
  coverage: number;
}

export interface Failed {
  error: string;
  partial?: boolean;
}

// Series are the least and greatest values in each bucket of time; null is no sample.
export interface Series {
  labels: Record<string, string>;
  name: string;
  min: (number | null)[];
  max: (number | null)[];
  fires: number | null; // null where alerts are not those of single series
}

export interface SeriesPage {
  series: Series[];
  times: number[];
  total: number;
}

export interface Episode {
  start: number;
  end: number;
  series: string | number;
  pending: number;
}

export interface LevelResult {
  severity: string;
  fires: number;
  perWeek: number;
  firing: number;
  longest: number;
  asleep: number;
  series: number;
  episodes: Episode[];
  more?: number;
  note?: string; // at how many evaluations the rule fails, and why
}

export interface Replay {
  levels: LevelResult[];
}

export interface Curve {
  points: { level: number; fires: number }[];
  present: number | null;
  recommended: { level: number; fires: number; why: string } | null;
  absent?: string; // why none is recommended
  inexact?: string; // why a replay counts otherwise
}

export interface Fired {
  episodes: { severity: string; start: number; end: number }[];
  absent?: string;
}

export interface Change {
  yaml: string;
  patch: string;
  command: string;
  expr: string;
  changed: boolean;
}

export interface Applied {
  warnings: string[] | null;
  applied: boolean;
  resourceVersion: string;
}
