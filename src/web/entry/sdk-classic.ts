/** The client without the pad as a classic script: `mpinSdk.createBrowserClient(…)`. */
import * as sdk from './sdk.js';

Object.assign(globalThis, { mpinSdk: sdk });
