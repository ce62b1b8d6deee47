#!/usr/bin/env node
'use strict';
if (require('./node-version.js').isSupported('etserver')) require('./launch.js')('etserver');
