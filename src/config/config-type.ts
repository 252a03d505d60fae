/**
 * Owns the type that a config gets when its publisher does not say: by the ending of the data id. Pure.
 */
import type { ConfigType } from '../config-api.js';

const BY_ENDING: Readonly<Record<string, ConfigType>> = {
  json: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  properties: 'properties',
  toml: 'toml',
  xml: 'xml',
  html: 'html',
  htm: 'html',
};

export function typeOfDataId(dataId: string): ConfigType {
  const ending = dataId.slice(dataId.lastIndexOf('.') + 1).toLowerCase();
  return BY_ENDING[ending] ?? 'text';
}
