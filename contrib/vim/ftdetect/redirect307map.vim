" SPDX-License-Identifier: Apache-2.0
" *.map is many things; ours begins with a comment, a path, a pattern or a URL (vim takes
" all of them for those of another program, so this says it over again).
autocmd BufNewFile,BufRead *.map if getline(nextnonblank(1)) =~# '^\s*\(#\|/\|\^/\|https\?://\|"/\)'
      \ && getline(nextnonblank(1)) !~# '^\s*/[/*]' | set filetype=redirect307map | endif
