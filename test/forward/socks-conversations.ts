import type { SocksCredentials, SocksRequest } from '../../src/forward/socks-handshake.ts';

/** Who gets in where there is a password. */
export const ME: SocksCredentials = { user: 'me', password: 'sécret' };

/** What a client says, as `wire` of socks-bytes.ts reads it, and what it gets. */
export interface Conversation {
  readonly name: string;
  readonly sent: string;
  readonly credentials?: SocksCredentials;
  readonly reply: string;
  /** Absent where the client is refused, which is with the last byte of `sent`. */
  readonly request?: SocksRequest;
}

export const HELLO = '05 01 00';
const HELLO_AUTH = '05 02 00 02';
const FAIL = '05 01 00 01 00000000 0000';
export const connect5 = (host: string, port: number): SocksRequest => ({
  version: 5,
  command: 'connect',
  host,
  port,
});
export const connect4 = (host: string, port: number): SocksRequest => ({
  version: 4,
  command: 'connect',
  host,
  port,
});

export const GRANTED: readonly Conversation[] = [
  {
    name: 'CONNECT to an IPv4 address',
    sent: `${HELLO} 05 01 00 01 c0000201 01bb`,
    reply: '05 00',
    request: connect5('192.0.2.1', 443),
  },
  {
    name: 'CONNECT to a name, which is not resolved',
    sent: `${HELLO} 05 01 00 03 0b 'example.com' 0050`,
    reply: '05 00',
    request: connect5('example.com', 80),
  },
  {
    name: 'CONNECT to an IPv6 address, without brackets',
    sent: `${HELLO} 05 01 00 04 20010db8 00000000 00000000 00000001 0050`,
    reply: '05 00',
    request: connect5('2001:db8::1', 80),
  },
  {
    name: 'CONNECT to a mapped address, which stays IPv6',
    sent: `${HELLO} 05 01 00 04 00000000 00000000 0000ffff c0000201 0050`,
    reply: '05 00',
    request: connect5('::ffff:192.0.2.1', 80),
  },
  {
    name: 'UDP ASSOCIATE of a client that does not know its port',
    sent: `${HELLO} 05 03 00 01 00000000 0000`,
    reply: '05 00',
    request: { version: 5, command: 'udp-associate', host: '0.0.0.0', port: 0 },
  },
  {
    name: 'a greeting with all the methods there are',
    sent: `05 ff ${Array.from({ length: 255 }, (_, i) => (254 - i).toString(16).padStart(2, '0')).join(' ')} 05 01 00 03 01 'a' 0001`,
    reply: '05 00',
    request: connect5('a', 1),
  },
  {
    name: 'a reserved byte that is not 0',
    sent: `${HELLO} 05 01 77 03 01 'a' 0001`,
    reply: '05 00',
    request: connect5('a', 1),
  },
  {
    name: 'a user with the password',
    sent: `${HELLO_AUTH} 01 02 'me' 07 'sécret' 05 01 00 03 01 'a' 0050`,
    credentials: ME,
    reply: '05 02 01 00',
    request: connect5('a', 80),
  },
  {
    name: 'SOCKS 4',
    sent: "04 01 0050 c0000201 'me' 00",
    reply: '',
    request: connect4('192.0.2.1', 80),
  },
  {
    name: 'SOCKS 4a',
    sent: "04 01 01bb 00000001 00 'example.com' 00",
    reply: '',
    request: connect4('example.com', 443),
  },
];

export const REFUSED: readonly Conversation[] = [
  { name: 'no method at all', sent: '05 00', reply: '05 ff' },
  {
    name: 'only methods with passwords, where there are none',
    sent: '05 02 01 02',
    reply: '05 ff',
  },
  {
    name: 'only methods without password, where there is one',
    sent: '05 02 00 01',
    reply: '05 ff',
    credentials: ME,
  },
  {
    name: 'a wrong password',
    sent: `${HELLO_AUTH} 01 02 'me' 07 'sècret'`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'a wrong user',
    sent: `${HELLO_AUTH} 01 02 'he' 07 'sécret'`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'a password that only begins well',
    sent: `${HELLO_AUTH} 01 02 'me' 08 'sécrets'`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'half a password',
    sent: `${HELLO_AUTH} 01 02 'me' 03 'sé'`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'no password',
    sent: `${HELLO_AUTH} 01 02 'me' 00`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'another version of the password message',
    sent: `${HELLO_AUTH} 05`,
    reply: '05 02 01 01',
    credentials: ME,
  },
  {
    name: 'SOCKS 4 where there is a password',
    sent: "04 01 0050 c0000201 'me' 00",
    reply: '00 5b 0000 00000000',
    credentials: ME,
  },
  {
    name: 'BIND',
    sent: `${HELLO} 05 02 00 01 c0000201 0050`,
    reply: '05 00 05 07 00 01 00000000 0000',
  },
  {
    name: "Tor's RESOLVE",
    sent: `${HELLO} 05 f0 00 03 01 'a' 0000`,
    reply: '05 00 05 07 00 01 00000000 0000',
  },
  {
    name: 'an unknown type of address',
    sent: `${HELLO} 05 01 00 02`,
    reply: '05 00 05 08 00 01 00000000 0000',
  },
  { name: 'CONNECT to port 0', sent: `${HELLO} 05 01 00 01 c0000201 0000`, reply: `05 00 ${FAIL}` },
  {
    name: 'CONNECT to an empty name',
    sent: `${HELLO} 05 01 00 03 00 0050`,
    reply: `05 00 ${FAIL}`,
  },
  {
    name: 'CONNECT to a name with a control character',
    sent: `${HELLO} 05 01 00 03 02 'a' 07 0050`,
    reply: `05 00 ${FAIL}`,
  },
  {
    name: 'CONNECT to a name that is not UTF-8',
    sent: `${HELLO} 05 01 00 03 01 ff 0050`,
    reply: `05 00 ${FAIL}`,
  },
  { name: 'a request of another version', sent: `${HELLO} 04`, reply: `05 00 ${FAIL}` },
  { name: 'BIND in SOCKS 4', sent: '04 02 0050 c0000201 00', reply: '00 5b 0000 00000000' },
  { name: 'port 0 in SOCKS 4', sent: '04 01 0000 c0000201 00', reply: '00 5b 0000 00000000' },
  {
    name: 'an empty name in SOCKS 4a',
    sent: '04 01 0050 00000001 00 00',
    reply: '00 5b 0000 00000000',
  },
  {
    name: 'a user id without end',
    sent: `04 01 0050 c0000201 '${'u'.repeat(513)}'`,
    reply: '00 5b 0000 00000000',
  },
  {
    name: 'a name without end in SOCKS 4a',
    sent: `04 01 0050 00000001 00 '${'n'.repeat(256)}'`,
    reply: '00 5b 0000 00000000',
  },
  { name: 'a TLS hello', sent: '16', reply: '' },
  { name: 'SOCKS 6', sent: '06', reply: '' },
  { name: 'zeros', sent: '00', reply: '' },
];
