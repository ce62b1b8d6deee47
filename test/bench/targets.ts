import type { Target } from './bench-row.ts';

export function atMost(limit: number): Target {
  return { text: `<= ${limit}`, isMet: (et) => et <= limit };
}

export function atMostTimesSsh(factor: number): Target {
  return {
    text: `<= ${factor} x ssh`,
    isMet: (et, ssh) => (ssh === null ? null : et <= ssh * factor),
  };
}

export function atLeastTimesSsh(factor: number): Target {
  return {
    text: `>= ${factor} x ssh`,
    isMet: (et, ssh) => (ssh === null ? null : et >= ssh * factor),
  };
}

export function atMostSshAnd(extra: number): Target {
  return {
    text: `<= ssh + ${extra}`,
    isMet: (et, ssh) => (ssh === null ? null : et <= ssh + extra),
  };
}
