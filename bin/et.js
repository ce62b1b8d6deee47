#!/usr/bin/env node
'use strict';
if (require('./node-version.js').isSupported('et')) require('./launch.js')('et');
