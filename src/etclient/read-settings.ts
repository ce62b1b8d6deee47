import { ConfigFile } from '../config/config-file.ts';
import type { FoundValue } from '../config/found-value.ts';
import { readTrustedFile } from '../config/read-trusted-file.ts';
import { CLIENT_KEYS } from './cli/config-keys.ts';
import { objectionToValue } from './cli/objection-to-value.ts';
import type { SettingsDeps } from './settings-here.ts';

/** What the files at `paths` say about a host, the most binding first. They are read when they are asked. */
export function readSettings(
  paths: readonly string[],
  { home, userId }: Pick<SettingsDeps, 'home' | 'userId'>,
): (host: string | undefined) => readonly FoundValue[] {
  const schema = { keys: CLIENT_KEYS, objectionTo: objectionToValue, home };
  return (host) =>
    paths.flatMap((path) => {
      const text = readTrustedFile(path, userId);
      return text === undefined ? [] : new ConfigFile(path, text, schema).valuesFor(host);
    });
}
