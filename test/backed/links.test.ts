import { expect, test } from 'vitest';
import { Links } from '../../src/backed/links.ts';
import { SecureLink } from '../../src/backed/secure-link.ts';
import { SessionLink } from '../../src/backed/session-link.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { LINK_ID } from './link-id.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

function linkOf(id: number): SessionLink {
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(pattern(32)),
    opener: recordCipher.newOpener(pattern(32)),
  };
  return new SessionLink(new SecureLink(id, new RecordingCarrier(), keys, 10), 0);
}

function linksOf(...ids: number[]): { links: Links; byId: (id: number) => SessionLink } {
  const links = new Links();
  for (const id of ids) links.add(linkOf(id));
  return { links, byId: (id) => links.get(id) ?? linkOf(id) };
}

test('there is no best one of none', () => {
  const { links } = linksOf();
  expect([links.best, links.hasTrusted, links.count]).toEqual([undefined, false, 0]);
});

test('the one dialled last is best, unless another is preferred', () => {
  const { links } = linksOf(3, 9, 4);
  expect(links.best?.id).toBe(9);
  links.prefer(3);
  expect(links.best?.id).toBe(3);
});

test('a wish counts less than that a link is about to end, and that less than that it is silent', () => {
  const { links, byId } = linksOf(1, 2, 3);
  links.prefer(3);
  byId(3).isSuspect = true;
  expect(links.best?.id).toBe(2);
  byId(2).retiredAtMs = 5;
  expect(links.best?.id).toBe(1);
  byId(1).isSuspect = true;
  // Of a silent link and one that is about to end, the latter is at least alive.
  expect(links.best?.id).toBe(2);
  expect(links.hasTrusted).toBe(false);
  byId(2).isSuspect = true;
  expect(links.best?.id).toBe(3);
});

test('a link that is removed is gone once', () => {
  const { links, byId } = linksOf(1, 2);
  const second = byId(2);
  expect([links.remove(second), links.remove(second)]).toEqual([true, false]);
  expect(links.best?.id).toBe(1);
});

test('another link with the number of one that is there is not taken for it', () => {
  const { links } = linksOf(1);
  expect(links.remove(linkOf(1))).toBe(false);
  expect(links.count).toBe(1);
});
