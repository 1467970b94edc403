#!/bin/sh
# The AWS command line on files, folders and names that moved, and on what stayed.
# Several transfers run at once and end in any order: their lines are sorted.
set -eu

mkdir -p files/sub
printf 'one\n' >files/one.txt
printf 'two\n' >files/sub/two.txt
head -c 20000000 /dev/zero >big.bin

aws s3 ls

# Up, over what stays and the prefix that moved.
aws s3 cp --no-progress files/one.txt s3://warehouse/raw/one.txt
aws s3 cp --no-progress --recursive files s3://landing/archive/files | sort
aws s3 sync --no-progress files s3://landing/today/files | sort
aws s3 sync --no-progress files s3://landing/today/files # nothing is left to do
aws s3 cp --no-progress big.bin s3://warehouse/raw/big.bin # in parts
printf 'from a pipe' | aws s3 cp - s3://warehouse/raw/pipe.txt

python -m awscli s3 ls s3://landing
aws s3 ls --recursive --summarize s3://landing

# Across: from the bucket that moved to what stays, and back.
aws s3 cp --no-progress s3://warehouse/raw/one.txt s3://landing/today/copied.txt
aws s3 cp --no-progress s3://warehouse/raw/big.bin s3://landing/today/big.bin
aws s3 sync --no-progress s3://landing s3://warehouse/backup --exclude '*.bin' | sort
aws s3 mv --no-progress s3://landing/today/copied.txt s3://landing/archive/moved.txt
aws s3 ls --recursive s3://warehouse

# Down.
aws s3 cp --no-progress s3://warehouse/raw/big.bin back.bin
cmp big.bin back.bin
aws s3 cp s3://landing/archive/moved.txt -
aws s3 sync --no-progress s3://warehouse/backup down | sort
find down -type f | sort

# The plain API.
aws s3api put-object --bucket warehouse --key api.txt --body files/one.txt --query ETag
aws s3api get-object --bucket warehouse --key api.txt --query '[ContentLength, ETag]' api.txt
aws s3api head-object --bucket landing --key archive/moved.txt --query '[ContentLength, ETag]'
aws s3api list-objects-v2 --bucket landing --max-items 3 --query 'Contents[].[Key, Size]'
aws s3api list-buckets --query 'Buckets[].Name'
aws s3api get-object --bucket warehouse --key no-such-key nothing 2>/dev/null || echo "exit status $?"
aws s3api delete-objects --bucket landing --query 'sort_by(Deleted, &Key)[].Key' \
    --delete 'Objects=[{Key=archive/moved.txt},{Key=today/big.bin}]'

# And away.
aws s3 rm s3://warehouse/api.txt
aws s3 rm --recursive s3://landing --exclude '*sub*' | sort
aws s3 ls --recursive s3://landing
