/**
 * Owns the proof, by the compiler alone, that the module fits Nest's own types. Compiled against Nest 11, and by
 * nest-12/tsconfig.json against Nest 12.
 */
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';

import {
  NacosServing,
  NacosServingModule,
  type RegistrationStatus,
} from '../../src/adapters/nest.js';

class Settings {
  readonly name = 'orders';
}
class SettingsModule {
  readonly kind = 'settings';
}

const fixed: DynamicModule = NacosServingModule.forRoot({
  service: { name: 'orders' },
  global: true,
});
export const metadata: ModuleMetadata = {
  imports: [
    fixed,
    NacosServingModule.forRoot(),
    NacosServingModule.forRootAsync({ useFactory: () => ({ service: { name: 'orders' } }) }),
    NacosServingModule.forRootAsync({
      global: false,
      imports: [SettingsModule],
      inject: [Settings, { token: 'OTHER', optional: true }],
      useFactory: async ({ name }: Settings) => ({ service: { name } }),
    }),
  ],
  providers: [{ provide: 'OTHER', inject: [NacosServing], useFactory: readyLater }],
  exports: [NacosServingModule],
};

function readyLater(nacos: NacosServing): RegistrationStatus | undefined {
  nacos.setReady(true);
  return nacos.status;
}

// @ts-expect-error a weight is a number
NacosServingModule.forRoot({ service: { weight: '2' } });
// @ts-expect-error a weight is a number
NacosServingModule.forRootAsync({ useFactory: () => ({ service: { weight: '2' } }) });
