import { expect, test } from 'vitest';
import { ServerOpens } from '../../src/etclient/server-opens.ts';
import type { IncomingOpen } from '../../src/mux/channel.ts';
import type { JsonObject } from '../../src/wire/messages.ts';
import { MuxPair } from '../mux/mux-pair.ts';

/** What becomes of what the server opens: `taken`, `refused`, or the error that is thrown. */
function lab(): { readonly opens: ServerOpens; readonly open: (metadata: JsonObject) => string } {
  const pair = new MuxPair();
  const opens = new ServerOpens();
  const open = (metadata: JsonObject): string => {
    let outcome = 'nothing';
    pair.onClientOpen = (incoming) => {
      outcome = opens.take(incoming) ? 'taken' : 'refused';
      if (outcome === 'refused') incoming.refuse(1, 'nobody');
    };
    const events = { onData: () => undefined };
    pair.server.open({ kind: 'forwarded', metadata, priority: 'forward' }, events);
    pair.run();
    return outcome;
  };
  return { opens, open };
}

const TAKE = (incoming: IncomingOpen): void => incoming.refuse(1, 'taken');

test('a channel is taken by whom it is for, until that has enough', () => {
  const { opens, open } = lab();
  const done = opens.serve('forwarded', 4, TAKE);
  opens.serve('forwarded', 6, TAKE);
  expect([open({ of: 4 }), open({ of: 4 }), open({ of: 8 })]).toEqual([
    'taken',
    'taken',
    'refused',
  ]);
  done();
  expect([open({ of: 4 }), open({ of: 6 })]).toEqual(['refused', 'taken']);
});

test.each<[JsonObject]>([
  [{}],
  [{ of: null }],
  [{ of: '4' }],
  [{ of: [4] }],
  [{ of: { toString: 4 } }],
  [{ of: { valueOf: null, toString: null } }],
])('what belongs to nobody is refused, whatever it says: %j', (metadata) => {
  const { opens, open } = lab();
  opens.serve('forwarded', 4, TAKE);
  expect(open(metadata)).toBe('refused');
});
