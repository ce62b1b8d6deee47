import { expect, test } from 'vitest';
import { HandshakeClient } from '../../src/backed/handshake-client.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { HANDSHAKE_TIMEOUT_MS, REFUSED } from '../../src/wire/limits.ts';
import { AcceptorBench } from './acceptor-bench.ts';
import { RecordingCarrier } from './recording-carrier.ts';

/** A client's attempt, and a server that has an answer to it. */
class Attempt {
  readonly bench = new AcceptorBench();
  readonly carrier: RecordingCarrier;
  readonly handshake: HandshakeClient;
  readonly log: string[] = [];
  readonly roots: (Uint8Array | undefined)[] = [];
  readonly answer: Uint8Array;
  link: SecureLink | undefined;

  constructor() {
    this.carrier = new RecordingCarrier();
    this.handshake = new HandshakeClient(this.carrier, this.bench.hello(5), 5, this.bench.clock, {
      onLink: (link, root) => {
        this.log.push('link');
        this.roots.push(root);
        this.link = link;
        link.attach({
          onRecord: (number) => this.log.push(`record ${number}`),
          onClose: (error) => this.log.push(`close ${error?.code}`),
        });
      },
      onFail: (error) => this.log.push(error.code),
    });
    this.answer = this.bench.send(this.carrier.takeWritten()).answer;
  }
}

test('an answer makes a link, in one piece or byte by byte, and brings the root', () => {
  for (const step of [1, 7, 8, 9, 1399, 1400]) {
    const attempt = new Attempt();
    for (let at = 0; at < attempt.answer.length; at += step) {
      expect(attempt.log).toEqual([]);
      attempt.bench.clock.advance(1);
      attempt.carrier.feed(attempt.answer.subarray(at, at + step));
    }
    expect(attempt.log).toEqual(['link']);
    expect(attempt.roots).toEqual([attempt.bench.root]);
    expect(attempt.link?.id).toBe(5);
    expect(attempt.link?.handshakeMs).toBe(Math.ceil(1400 / step));
    attempt.bench.acceptor.close();
    expect(attempt.bench.clock.pending).toBe(0);
  }
});

test('records that follow the answer in the same piece reach the link', () => {
  const attempt = new Attempt();
  attempt.carrier.feed(concatBytes([attempt.answer, Uint8Array.of(0, 1)]));
  expect(attempt.log).toEqual(['link', 'close ET_ERR_RECORD_SIZE']);
});

test('an answer that is cut at any byte fails the attempt once, with the reason', () => {
  for (let cut = 0; cut < 1400; cut += 1) {
    const attempt = CUT;
    attempt.carrier = new RecordingCarrier();
    const log: string[] = [];
    const handshake = new HandshakeClient(attempt.carrier, attempt.hello, 5, attempt.clock, {
      onLink: () => log.push('link'),
      onFail: (error) => log.push(error.code),
    });
    attempt.carrier.feed(attempt.answer.subarray(0, cut));
    attempt.carrier.feedEnd(cut % 2 === 0 ? undefined : new EtError('ET_ERR_CARRIER', 'reset'));
    handshake.onBytes(attempt.answer.subarray(cut));
    expect(log).toEqual([cut % 2 === 0 ? 'ET_ERR_HANDSHAKE' : 'ET_ERR_CARRIER']);
  }
  expect(CUT.clock.pending).toBe(0);
});

/** A hello and its answer, to be cut again and again. */
const CUT = ((): {
  carrier: RecordingCarrier;
  hello: ReturnType<AcceptorBench['hello']>;
  answer: Uint8Array;
  clock: AcceptorBench['clock'];
} => {
  const bench = new AcceptorBench();
  const hello = bench.hello(5);
  const { answer } = bench.send(hello.hello);
  bench.acceptor.close();
  return { carrier: new RecordingCarrier(), hello, answer, clock: bench.clock };
})();

test('a refusal is known by its eighth byte', () => {
  const attempt = new Attempt();
  attempt.carrier.feed(REFUSED.subarray(0, 7));
  expect(attempt.log).toEqual([]);
  attempt.carrier.feed(REFUSED.subarray(7));
  expect(attempt.log).toEqual(['ET_ERR_LINK_REFUSED']);
  expect(attempt.carrier.state).toBe('reset');
});

test('eight bytes that begin like a refusal and are none are awaited as an answer', () => {
  const attempt = new Attempt();
  attempt.carrier.feed(concatBytes([REFUSED.subarray(0, 7), Uint8Array.of(1)]));
  expect(attempt.log).toEqual([]);
  attempt.carrier.feed(new Uint8Array(1392));
  expect(attempt.log).toEqual(['ET_ERR_HANDSHAKE']);
});

test('an answer with any byte changed is not authentic, and ends the attempt', () => {
  for (let at = 0; at < 1400; at += 41) {
    const attempt = new Attempt();
    const answer = attempt.answer.slice();
    answer[at] = (answer[at] ?? 0) ^ 0x40;
    attempt.carrier.feed(answer);
    expect(attempt.log).toEqual(['ET_ERR_HANDSHAKE']);
    expect(attempt.carrier.state).toBe('reset');
  }
});

test('without an answer the attempt ends after ten seconds', () => {
  const attempt = new Attempt();
  attempt.bench.acceptor.close();
  attempt.bench.clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  expect(attempt.log).toEqual([]);
  attempt.bench.clock.advance(1);
  expect(attempt.log).toEqual(['ET_ERR_LINK_TIMEOUT']);
  expect(attempt.carrier.state).toBe('reset');
});

test('a cancelled attempt says nothing more and leaves nothing', () => {
  const attempt = new Attempt();
  attempt.handshake.cancel();
  attempt.handshake.onBytes(attempt.answer);
  attempt.handshake.onClose(undefined);
  attempt.bench.acceptor.close();
  expect(attempt.log).toEqual([]);
  expect(attempt.carrier.state).toBe('reset');
  expect(attempt.bench.clock.pending).toBe(0);
});

test('cancelling what has become a link leaves the link alone', () => {
  const attempt = new Attempt();
  attempt.carrier.feed(attempt.answer);
  attempt.handshake.cancel();
  expect(attempt.carrier.state).toBe('open');
  attempt.carrier.feedEnd(undefined);
  expect(attempt.log).toEqual(['link', 'close undefined']);
});
