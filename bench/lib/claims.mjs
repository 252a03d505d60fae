/**
 * Owns the list of claims, in the order in which they run and in which the page shows them. Used by all.mjs and doc.mjs.
 */
export const CLAIMS = [
  'preload',
  'start-to-visible',
  'register-1000',
  'batch-1000',
  'pick',
  'calls-by-name',
  'push-1000',
  'subscribed-1000',
  'config-calls',
  'config-5000',
  'codec',
  'exit',
  'memory',
];
