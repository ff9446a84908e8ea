# SPDX-License-Identifier: Apache-2.0
# Sourced: how the parts of the cloud are started and waited for.
readonly ETC=/cloud/etc LOG=/cloud/log STATE=/cloud/state
readonly SOCKET=$STATE/mysql.sock
export LANG=C.UTF-8 HOME=/root
mkdir -p $LOG $STATE/{glance,keystone,locks,mysql,neutron,nova/instances,cinder,rabbit}

# Start NAME COMMAND... in the background, its output in a file of that name.
start() {
    local name=$1
    shift
    setsid "$@" >"$LOG/$name.out" 2>&1 </dev/null &
}

wait_for_port() {
    local try
    for ((try = 0; try < 900; try++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
            return 0
        fi
        sleep 0.2
    done
    echo "Nothing listens on port $1 after 180 s" >&2
    return 1
}

start_mariadb() {
    start mariadb mariadbd --no-defaults --user=root --datadir=$STATE/mysql --socket=$SOCKET \
        --bind-address=127.0.0.1 --port=3306 --max-connections=500 --innodb-buffer-pool-size=128M \
        --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --skip-log-bin --performance-schema=OFF
    wait_for_port 3306
}

sql() { mariadb --no-defaults -uroot -S $SOCKET "$@"; }
