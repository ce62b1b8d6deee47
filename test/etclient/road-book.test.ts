import { expect, test } from 'vitest';
import type { DialResult, StartDial } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { RoadBook } from '../../src/etclient/road-book.ts';

/** A road whose dials end with this at once. */
function road(result: () => DialResult): StartDial {
  return (done) => {
    done(result());
    return { cancel: () => undefined };
  };
}

function madeBy(start: StartDial): SecureLink | undefined {
  let made: SecureLink | undefined;
  start((result) => {
    made = result.kind === 'link' ? result.link : undefined;
  });
  return made;
}

// Nothing here looks into a link; it is known by itself.
const linkRoad = road(() => ({ kind: 'link', link: Object.create(null) as SecureLink }));

test('a link is known by the road that it was made on, whoever has dialled', () => {
  const book = new RoadBook();
  const starts = [book.add(linkRoad), book.add(linkRoad), book.add(linkRoad)];
  const links = starts.map(madeBy);
  expect(links.map((link) => (link === undefined ? undefined : book.roadOf(link)))).toEqual([
    0, 1, 2,
  ]);
  expect([book.count, book.startOf(1), book.startOf(3)]).toEqual([3, starts[1], undefined]);
});

test('one that nobody has entered counts as of the last road', () => {
  const book = new RoadBook();
  const stranger = madeBy(linkRoad) as SecureLink;
  expect(book.roadOf(stranger)).toBe(0);
  book.add(linkRoad);
  book.add(linkRoad);
  expect(book.roadOf(stranger)).toBe(1);
});

test('a failure is handed on as it is', () => {
  const error = new EtError('ET_ERR_DIAL', 'no');
  const failing = new RoadBook().add(road(() => ({ kind: 'failed', error, noRoute: true })));
  const results: DialResult[] = [];
  failing((result) => results.push(result));
  expect(results).toEqual([{ kind: 'failed', error, noRoute: true }]);
});
