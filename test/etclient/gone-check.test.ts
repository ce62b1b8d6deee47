import { describe, expect, test } from 'vitest';
import { AllFailed } from '../../src/backed/all-failed.ts';
import { EtError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type Aliveness, GoneCheck } from '../../src/etclient/gone-check.ts';

const REFUSED = new EtError('ET_ERR_LINK_REFUSED', 'the server refused the hello');
const SILENT = new EtError('ET_ERR_LINK_TIMEOUT', 'no answer');

function check(kind: Aliveness['kind'], why?: string) {
  const log: string[] = [];
  const gone = new GoneCheck({
    logger: silentLogger,
    ask: () => {
      log.push('ask');
      return Promise.resolve(kind === 'gone' ? { kind, why } : { kind });
    },
    onRefused: () => log.push('refused'),
    onGone: (told) => log.push(told === undefined ? 'gone' : `gone: ${told}`),
    onAlive: () => log.push('alive'),
    onUncertain: () => log.push('uncertain'),
  });
  const refuse = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      gone.onDialFailed(REFUSED);
      // The answer of the host, which is there at once.
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    }
  };
  return { gone, log, refuse };
}

describe('a client that is refused', () => {
  test('says so at once, and asks the host after three in a row', async () => {
    const { log, refuse } = check('gone');
    await refuse(2);
    expect(log).toEqual(['refused']);
    await refuse(1);
    expect(log).toEqual(['refused', 'ask', 'gone']);
  });

  test('hears from the host why it is gone, or that it lives and refuses', async () => {
    const gone = check('gone', 'its host was started anew');
    await gone.refuse(3);
    expect(gone.log.at(-1)).toBe('gone: its host was started anew');
    const alive = check('alive');
    await alive.refuse(3);
    expect(alive.log).toEqual(['refused', 'ask', 'alive']);
  });

  test('says so once, and asks ever more rarely while the host says that the session lives', async () => {
    const { log, refuse } = check('alive');
    await refuse(1000);
    expect(log.filter((each) => each === 'refused')).toHaveLength(1);
    expect(log.filter((each) => each === 'ask').length).toBeLessThan(15);
  });

  test('still asks, and does not stop, however long it lasts', async () => {
    const { log, refuse } = check('alive');
    await refuse(1000);
    const asked = log.length;
    await refuse(1000);
    expect(log.length).toBeGreaterThan(asked);
  });

  test('says once that nobody can tell', async () => {
    const { log, refuse } = check('unknown');
    await refuse(1000);
    expect(log.filter((each) => each === 'uncertain')).toHaveLength(1);
  });

  test('begins anew once a link was there', async () => {
    const { gone, log, refuse } = check('alive');
    await refuse(50);
    gone.onLink();
    log.length = 0;
    await refuse(3);
    expect(log).toEqual(['refused', 'ask', 'alive']);
  });

  test('counts a refusal beside roads that are blocked', async () => {
    const { gone, log } = check('gone');
    for (let i = 0; i < 3; i += 1) gone.onDialFailed(new AllFailed([SILENT, REFUSED]));
    await Promise.resolve();
    expect(log.slice(0, 2)).toEqual(['refused', 'ask']);
  });

  test('is not asked about by silence', async () => {
    const { gone, log } = check('gone');
    for (let i = 0; i < 100; i += 1) gone.onDialFailed(SILENT);
    await Promise.resolve();
    expect(log).toEqual([]);
  });
});
