/**
 * For a session server's environment (mallopt(3)): a buffer of half a record or more is mapped by itself and given back as soon as
 * it is freed, and what is free at the end of the heap is too. Otherwise a gigabyte that passes through leaves 20 MiB behind.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

/** Not handed on to the programs of a session. */
export const MALLOC_NAMES: readonly string[] = Object.keys(SETTINGS);

/** `NAME=value`. */
export const MALLOC_SETTINGS: readonly string[] = Object.entries(SETTINGS).map((pair) =>
  pair.join('='),
);

export const MALLOC_ENVIRONMENT: Readonly<Record<string, string>> = SETTINGS;
