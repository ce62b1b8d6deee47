import { readFileSync } from 'node:fs';

export interface Vectors<T> {
  readonly valid: readonly (T & { readonly name: string; readonly bytes: string })[];
  readonly malformed: readonly { readonly name: string; readonly bytes: string }[];
}

/** The golden bytes of `test/vectors/<name>.json`. */
export function readVectors<T>(name: string): Vectors<T> {
  const url = new URL(`../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Vectors<T>;
}
