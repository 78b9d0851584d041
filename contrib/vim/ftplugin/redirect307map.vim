" SPDX-License-Identifier: Apache-2.0
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1
setlocal commentstring=#%s comments=:# nowrap
" :make asks redirect307ctl
setlocal makeprg=redirect307ctl\ lint\ --format\ gcc\ %
let b:undo_ftplugin = 'setlocal commentstring< comments< wrap< makeprg<'
