#!/bin/sh
# slurmcluster.sh - a real Slurm of several nodes in one folder of one machine, for tests.
#
#   unshare --pid --fork --kill-child --mount-proc sh slurmcluster.sh FOLDER NODES PORT ACCOUNTING
#
# Prints "ready" when the nodes are idle. Each node is a slurmd in a process and host name space of
# its own, so that programs on it see another host, and killing it kills all that runs on it.
# ACCOUNTING: "yes" starts slurmdbd and a database. Takes PORT to PORT + 9 + NODES of 127.0.0.1.
# Reads what to do from standard input: "kill NODE", "start NODE" (answers with the same words); at
# its end all is stopped, and FOLDER is gone. If this script is killed, the kernel ends the rest.
folder=$1 nodes=$2 port=$3 accounting=$4
PATH=$PATH:/usr/sbin:/sbin
export PATH SLURM_CONF="$folder/slurm.conf"
host=$(hostname)
mkdir -p "$folder/state" "$folder/log" "$folder/run"
trap 'exit 1' TERM INT HUP

finish() {
  # All in this process name space but this script itself.
  kill -9 -1 2>/dev/null
  rm -rf "$folder"
}
trap finish EXIT

# wait_for WHAT COMMAND...: until the command succeeds, for a minute
wait_for() {
  what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ]; then
      echo "failed: $what"
      tail -n 5 "$folder"/log/*
      exit 1
    fi
    sleep 0.1
  done
}

write_config() {
  cat <<X
ClusterName=rrtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmdLogFile=$folder/log/slurmd.%n
SlurmdSpoolDir=$folder/spool.%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0,bf_continue,default_queue_depth=1000
SlurmdTimeout=300
MessageTimeout=60
KillWait=3
MinJobAge=300
MaxArraySize=1001
MaxJobCount=20000
ReturnToService=2
JobRequeue=1
X
  if [ "$accounting" = yes ]; then
    cat <<X
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((port + 1))
AccountingStoragePass=$folder/run/munge
JobAcctGatherType=jobacct_gather/none
X
  else
    echo "AccountingStorageType=accounting_storage/none"
  fi
  for number in $(seq "$nodes"); do
    echo "NodeName=node$number NodeHostname=node$number NodeAddr=127.0.0.1 Port=$((port + 9 + number)) CPUs=4 RealMemory=4000"
  done
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=60 DefMemPerCPU=100"
  echo "PartitionName=long Nodes=ALL MaxTime=600 DefMemPerCPU=100"
}

start_munge() {
  dd if=/dev/urandom of="$folder/key" bs=1024 count=1 2>/dev/null
  chmod 400 "$folder/key"
  munged --force --foreground --num-threads=10 --socket="$folder/run/munge" --key-file="$folder/key" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged" --seed-file="$folder/run/seed" </dev/null >"$folder/log/munged.out" 2>&1 &
  wait_for munged test -S "$folder/run/munge"
}

sql() {
  mariadb --no-defaults -S "$folder/run/sql" -e "$1"
}

start_accounting() {
  mariadb-install-db --no-defaults --user=root --datadir="$folder/sql" --auth-root-authentication-method=normal --skip-test-db </dev/null >"$folder/log/sql.out" 2>&1
  mariadbd --no-defaults --user=root --datadir="$folder/sql" --socket="$folder/run/sql" --bind-address=127.0.0.1 --port="$((port + 2))" \
    --pid-file="$folder/run/sql.pid" --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 </dev/null >"$folder/log/sql" 2>&1 &
  wait_for mariadbd sql 'select 1'
  sql "create user slurm@localhost identified by 'slurm'; grant all on slurm_acct_db.* to slurm@localhost"
  cat >"$folder/slurmdbd.conf" <<X
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$((port + 1))
SlurmUser=root
LogFile=$folder/log/slurmdbd
PidFile=$folder/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 2))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
X
  chmod 600 "$folder/slurmdbd.conf"
  slurmdbd -D </dev/null >"$folder/log/slurmdbd.out" 2>&1 &
  wait_for slurmdbd sacctmgr -n list cluster
  sacctmgr -i add cluster rrtest </dev/null >"$folder/log/sacctmgr" 2>&1
}

start_node() {
  # shellcheck disable=SC2016
  unshare --uts --pid --fork --kill-child --mount-proc sh -c 'hostname "$0" && exec slurmd -D' "$1" </dev/null >"$folder/log/$1.out" 2>&1 &
  echo $! >"$folder/run/$1"
}

is_up() {
  sinfo --noheader --Node --nodes="$1" --format=%t | grep -q '^\(idle\|mix\|alloc\)$'
}

start_munge
write_config >"$folder/slurm.conf"
[ "$accounting" = yes ] && start_accounting
slurmctld -D -c </dev/null >"$folder/log/slurmctld.out" 2>&1 &
for number in $(seq "$nodes"); do start_node "node$number"; done
for number in $(seq "$nodes"); do wait_for "node$number" is_up "node$number"; done
echo ready

while read -r verb node; do
  case $verb in
  kill) kill -9 "$(cat "$folder/run/$node")" ;;
  start)
    start_node "$node"
    wait_for "$node" is_up "$node"
    ;;
  esac
  echo "$verb $node"
done
