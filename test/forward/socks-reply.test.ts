import { describe, expect, test } from 'vitest';
import { type SocksOutcome, socksOutcomeOf, socksReply } from '../../src/forward/socks-reply.ts';
import { REASON } from '../../src/wire/messages.ts';
import { wire } from './socks-bytes.ts';

describe('an outcome has its code in SOCKS 5, and in SOCKS 4 is granted or failed', () => {
  test.each<[SocksOutcome, string, string]>([
    ['granted', '00', '5a'],
    ['failed', '01', '5b'],
    ['not-permitted', '02', '5b'],
    ['network-unreachable', '03', '5b'],
    ['host-unreachable', '04', '5b'],
    ['refused', '05', '5b'],
    ['ttl-expired', '06', '5b'],
    ['command', '07', '5b'],
    ['address-type', '08', '5b'],
  ])('%s', (outcome, code5, code4) => {
    expect(socksReply(5, outcome)).toEqual(wire(`05 ${code5} 00 01 00000000 0000`));
    expect(socksReply(4, outcome)).toEqual(wire(`00 ${code4} 0000 00000000`));
  });
});

describe('the bound address', () => {
  test.each([
    ['192.0.2.1', 4660, '01 c0000201 1234', '1234 c0000201'],
    ['::ffff:192.0.2.1', 4660, '01 c0000201 1234', '1234 c0000201'],
    ['2001:db8::1', 4660, '04 20010db8 00000000 00000000 00000001 1234', '1234 00000000'],
    ['fe80::1%eth0', 1, '04 fe800000 00000000 00000000 00000001 0001', '0001 00000000'],
    ['a.example', 4660, '01 00000000 0000', '0000 00000000'],
    ['', 4660, '01 00000000 0000', '0000 00000000'],
    ['192.0.2.1', 65_536, '01 00000000 0000', '0000 00000000'],
    ['192.0.2.1', -1, '01 00000000 0000', '0000 00000000'],
    ['192.0.2.1', 0.5, '01 00000000 0000', '0000 00000000'],
  ])('%s port %d', (address, port, five, four) => {
    expect(socksReply(5, 'granted', { address, port })).toEqual(wire(`05 00 00 ${five}`));
    expect(socksReply(4, 'granted', { address, port })).toEqual(wire(`00 5a ${four}`));
  });
});

describe('why a channel was refused', () => {
  test.each<[keyof typeof REASON, string, SocksOutcome]>([
    ['notPermitted', '', 'not-permitted'],
    ['notFound', '', 'host-unreachable'],
    ['connectionRefused', '', 'refused'],
    ['failed', '', 'failed'],
    ['failed', 'timed out after 10 s', 'host-unreachable'],
    ['failed', 'no route to host', 'network-unreachable'],
    ['failed', 'it timed out', 'failed'],
    ['limit', 'timed out', 'failed'],
    ['notPermitted', 'no route', 'not-permitted'],
    ['unknownKind', '', 'failed'],
    ['none', '', 'failed'],
    ['cancelled', '', 'failed'],
  ])('%s %j is %s', (reason, text, outcome) => {
    expect(socksOutcomeOf(REASON[reason], text)).toBe(outcome);
  });

  test('a code that nobody knows is failed', () => {
    expect(socksOutcomeOf(4711, '')).toBe('failed');
  });
});
