/**
 * `node scripts/check-documents.js [DIRECTORY]`: every number with a unit in README.md and docs/ is backed by something that runs.
 * docs/numbers.json lists them; each entry quotes a phrase of a document and says what holds it up, one of
 *
 *   { "document": "README.md", "phrase": "within 2 s", "test": "test/backed/x.test.ts", "name": "the test's name, or a part of it" }
 *   { ..., "bench": "the name of a row that test/bench prints" }
 *   { ..., "constant": "A_NAME_IN_SRC" }
 *   { ..., "cited": "who measured or decided it, where it is not a claim about this program" }
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const UNITS =
  '%|x|ns|us|µs|ms|s|min|h|d|seconds?|minutes?|hours?|days?|RTTs?|round trips?|B|bytes?|[kKMGT]i?B|[kKMG]B/s|[KMG]iB/s|[kMG]bit/s|lines|packets|wake-ups';
/** A number with its unit, as in "1.6x" or "64 MiB"; a bare count is none. */
const NUMBER = new RegExp(
  `(?<![\\w.,-])\\d[\\d,_]*(?:\\.\\d+)?(?:\\s|-)?(?:${UNITS})(?![\\w/])`,
  'gu',
);
const BACKINGS = ['test', 'bench', 'constant', 'cited'];

/** What is wrong, one line each. */
export function checkDocuments(root) {
  const documents = documentsOf(root);
  const entries = readEntries(root);
  const problems = entries.flatMap((entry) => problemsOfEntry(root, documents, entry));
  for (const [document, text] of documents) {
    const phrases = entries
      .filter((entry) => entry.document === document)
      .map(({ phrase }) => phrase);
    for (const claim of unbacked(text, phrases)) {
      problems.push(`${document}:${claim.line}: "${claim.number}" is not in docs/numbers.json`);
    }
  }
  return problems;
}

function documentsOf(root) {
  const docs = join(root, 'docs');
  const pages = existsSync(docs) ? readdirSync(docs, { recursive: true }) : [];
  const files = ['README.md', ...pages.map((page) => `docs/${page}`)];
  return new Map(
    files
      .filter((file) => file.endsWith('.md') && existsSync(join(root, file)))
      .map((file) => [file, prose(readFileSync(join(root, file), 'utf8'))]),
  );
}

/** The text without what is quoted from a program: blocks and spans of code, addresses of links. Lines keep their numbers. */
function prose(text) {
  const blank = (match) => match.replace(/[^\n]/gu, ' ');
  return text
    .replace(/^(```|~~~)[\s\S]*?^\1/gmu, blank)
    .replace(/`[^`\n]*`/gu, blank)
    .replace(/\]\([^)\n]*\)/gu, blank);
}

function readEntries(root) {
  const file = join(root, 'docs', 'numbers.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

function unbacked(text, phrases) {
  const spans = phrases.flatMap((phrase) => spansOf(text, phrase));
  return [...text.matchAll(NUMBER)]
    .filter(({ index, 0: number }) => {
      const end = index + number.length;
      return !spans.some((span) => span.start <= index && end <= span.end);
    })
    .map(({ index, 0: number }) => ({ number, line: text.slice(0, index).split('\n').length }));
}

/** Where `phrase` stands; a line break counts as the space it is rendered as. */
function spansOf(text, phrase) {
  const words = phrase.split(/\s+/u).map((word) => word.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&'));
  return [...text.matchAll(new RegExp(words.join('\\s+'), 'gu'))].map(({ index, 0: found }) => ({
    start: index,
    end: index + found.length,
  }));
}

function problemsOfEntry(root, documents, entry) {
  const at = `docs/numbers.json: "${entry.phrase}"`;
  const text = documents.get(entry.document);
  if (text === undefined) return [`${at}: there is no document ${entry.document}`];
  if (spansOf(text, entry.phrase).length === 0) return [`${at}: not in ${entry.document}`];
  const kinds = BACKINGS.filter((kind) => typeof entry[kind] === 'string' && entry[kind] !== '');
  if (kinds.length !== 1) return [`${at}: needs exactly one of ${BACKINGS.join(', ')}`];
  const reason = objectionTo(root, kinds[0], entry);
  return reason === undefined ? [] : [`${at}: ${reason}`];
}

function objectionTo(root, kind, entry) {
  switch (kind) {
    case 'test': {
      const file = join(root, entry.test);
      if (!existsSync(file)) return `there is no ${entry.test}`;
      const named = typeof entry.name === 'string' && entry.name !== '';
      if (named && readFileSync(file, 'utf8').includes(entry.name)) return undefined;
      return `${entry.test} has no test named ${JSON.stringify(entry.name)}`;
    }
    case 'bench':
      return contains(join(root, 'test', 'bench'), (text) => text.includes(entry.bench))
        ? undefined
        : `test/bench has no row "${entry.bench}"`;
    case 'constant': {
      const declaration = new RegExp(`\\b${entry.constant}\\b`, 'u');
      return contains(join(root, 'src'), (text) => declaration.test(text))
        ? undefined
        : `src has no ${entry.constant}`;
    }
    default:
      return undefined;
  }
}

function contains(directory, holds) {
  if (!existsSync(directory)) return false;
  return readdirSync(directory, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .some((file) => holds(readFileSync(join(directory, file), 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const own = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const problems = checkDocuments(process.argv[2] ?? own);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
