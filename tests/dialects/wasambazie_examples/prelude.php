<?php
// The example's wait of 30 s ends as soon as the file WAITED_FOR exists.
function sleep(int $seconds): int {
    while (!file_exists(getenv('WAITED_FOR'))) {
        usleep(20000);
        clearstatcache();
    }
    return 0;
}
