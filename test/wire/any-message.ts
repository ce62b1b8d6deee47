import fc from 'fast-check';
import { utf8 } from '../../src/base/bytes.ts';
import { anyNumber } from './any-frame.ts';
import type { LoggedMessage } from './message-log.ts';

const object = fc
  .dictionary(
    fc.string({ maxLength: 8 }).filter((name) => name !== '__proto__'),
    fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.boolean(), fc.constant(null)),
    { maxKeys: 5 },
  )
  // Without the null prototype that the generator may give it.
  .map((entries) => ({ ...entries }));

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const kind = fc.stringMatching(/^[a-z.]{1,32}$/u);
const body = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 100 }),
  fc.integer({ min: 1, max: 400 }).map((length) => new Uint8Array(length).fill(0x61)),
);

/** Every kind of message. */
export const anyMessage: fc.Arbitrary<LoggedMessage> = fc.oneof(
  fc.tuple(anyNumber, kind, anyNumber, object).map((rest): LoggedMessage => ['open', ...rest]),
  fc.tuple(anyNumber, anyNumber, object).map((rest): LoggedMessage => ['accept', ...rest]),
  fc.tuple(anyNumber, anyNumber, text).map((rest): LoggedMessage => ['refuse', ...rest]),
  fc.tuple(anyNumber, body).map(([id, bytes]): LoggedMessage => {
    return ['data', id, Buffer.from(bytes).toString('hex')];
  }),
  fc.tuple(anyNumber, anyNumber).map((rest): LoggedMessage => ['credit', ...rest]),
  anyNumber.map((id): LoggedMessage => ['eof', id]),
  fc.tuple(anyNumber, object).map(([id, note]): LoggedMessage => {
    return ['note', id, note, utf8(JSON.stringify(note)).length];
  }),
  fc.tuple(anyNumber, anyNumber, text).map((rest): LoggedMessage => ['reset', ...rest]),
);
