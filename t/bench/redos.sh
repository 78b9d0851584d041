#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the worst patterns cost a request: every row of t/data/redos.tsv as a rule, asked for the
# path it takes for ever on, in a real httpd. As a rule of the server (PCRE2 compiles it to
# machine code) and as one of a .htaccess (it does not, and reads the file each time).
#
#   sh t/bench/redos.sh [build/t/env]
#
# Prints a Markdown table: milliseconds from the request's last byte to the answer's, the least
# of 15, since everything above is the machine's. The goal is 5 ms. Needs perl.
set -eu
umask 022
env_file=${1:-build/t/env}
MODULE='' APXS='' SRCDIR=''
# shellcheck source=/dev/null
. "$env_file"
httpd=$("$APXS" -q SBINDIR)/$("$APXS" -q PROGNAME)
libexec=$("$APXS" -q LIBEXECDIR)
port=${PORT:-8397}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/r307-redos.XXXXXX")
chmod 755 "$scratch"
pid=''
leave() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
  wait 2>/dev/null || :
  rm -rf "$scratch"
}
trap leave EXIT

{
  echo "ServerRoot $scratch"
  echo "Listen 127.0.0.1:$port"
  echo "ServerName localhost"
  echo "PidFile $scratch/pid"
  echo "ErrorLog $scratch/error_log"
  echo "LogLevel crit"
  echo "LimitRequestLine 20000"
  echo "User nobody"
  echo "StartServers 1"
  for name in mpm_event authz_core; do
    echo "LoadModule ${name}_module $libexec/mod_$name.so"
  done
  echo "LoadModule redirect307_module $MODULE"
  echo "<Directory $scratch>"
  echo "  AllowOverride FileInfo"
  echo "  Require all granted"
  echo "</Directory>"
} > "$scratch/httpd.conf"

# perl PART: conf writes the virtual hosts, ask prints the table
run_perl() {
  R307_DATA=$SRCDIR/t/data SCRATCH=$scratch PORT=$port perl -I"$SRCDIR/t/lib" -MR307::Rows -MIO::Socket::INET \
    -MTime::HiRes=time -e '
  my ($part, $scratch, $port) = (shift, @ENV{qw(SCRATCH PORT)});
  my @rows = grep { $_->{pattern} !~ /[\s"\x27]/ } R307::Rows::read_table("redos.tsv");
  if ($part eq "conf") {
      open my $out, ">>", "$scratch/httpd.conf" or die;
      for my $row (@rows) {
          mkdir "$scratch/$row->{id}";
          open my $file, ">", "$scratch/$row->{id}/.htaccess" or die;
          print $file "Redirect307Match $row->{pattern} /to\n";
          print $out "<VirtualHost *:$port>\nServerName $row->{id}.conf\nRedirect307Match $row->{pattern} /to\n</VirtualHost>\n",
              "<VirtualHost *:$port>\nServerName $row->{id}.htaccess\nDocumentRoot $scratch/$row->{id}\n</VirtualHost>\n";
      }
      exit;
  }
  my $ask = sub {
      my ($host, $path) = @_;
      my ($least, $status) = (1e9, "-");
      for (1 .. 15) {
          my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 10) or die "no server\n";
          my $start = time;
          print $socket "GET $path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n";
          my $reply = do { local $/; <$socket> };
          my $took = (time() - $start) * 1000;
          $least = $took if $took < $least;
          ($status) = $reply =~ m{^HTTP/1\.1 (\d+)};
      }
      return ($status, $least);
  };
  my %slowest = (conf => 0, htaccess => 0);
  print "| pattern | bytes | httpd.conf | ms | .htaccess | ms |\n| --- | --- | --- | --- | --- | --- |\n";
  for my $row (@rows) {
      (my $path = $row->{path}) =~ s/([^A-Za-z0-9\/._-])/sprintf "%%%02X", ord $1/ge;
      my @cells;
      for my $where ("conf", "htaccess") {
          my ($status, $ms) = $ask->("$row->{id}.$where", $path);
          push @cells, sprintf "%s | %.2f", $status, $ms;
          $slowest{$where} = $ms if $ms > $slowest{$where};
      }
      printf "| %s | %d | %s |\n", $row->{id}, length $row->{path}, join " | ", @cells;
  }
  printf "| slowest | | | %.2f | | %.2f |\n", @slowest{"conf", "htaccess"};
  my $worst = $slowest{conf} > $slowest{htaccess} ? $slowest{conf} : $slowest{htaccess};
  print $worst < 5 ? "\nEvery request in less than 5 ms.\n" : "\nThe goal of 5 ms is missed.\n";' "$1"
}

run_perl conf
"$httpd" -f "$scratch/httpd.conf" -DFOREGROUND > "$scratch/said" 2>&1 &
pid=$!
tries=0
until [ -s "$scratch/pid" ] || [ $tries -ge 50 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
[ -s "$scratch/pid" ] || { cat "$scratch/said" "$scratch/error_log" >&2; exit 1; }
sleep 0.5
run_perl ask
