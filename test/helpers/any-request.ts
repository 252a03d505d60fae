/** Owns what an arbitrary HTTP request is made of, but for where it goes: for property tests of calls that are none of ours. */
import fc from 'fast-check';

export const ANY_REQUEST = {
  path: fc.array(fc.webSegment(), { maxLength: 3 }).map((segments) => `/${segments.join('/')}`),
  query: fc.option(fc.webQueryParameters(), { nil: undefined }),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'),
  headers: fc.dictionary(
    fc.stringMatching(/^x-[a-z]{1,8}$/),
    fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
    { maxKeys: 3 },
  ),
  body: fc.option(fc.string({ maxLength: 200 }), { nil: undefined }),
};
