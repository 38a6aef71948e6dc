<?php
// What TWCManager's page does with its queue. php page.php FOLDER TIME TEXT [answer|pages]
[, $folder, $time, $text] = $argv;
$wants = $argv[4] ?? '';
$queue = msg_get_queue(ftok($folder, 'T'), 0666);
$id = $wants === '' ? 0 : random_int(1, 65535);
msg_send($queue, 2, pack('LSa*', (int)$time, $id, $text), false, false, $error) || exit("not sent: $error\n");

function answer($queue, $id) {
    for ($try = 0; $try < 50; $try++) {
        if (msg_receive($queue, 1, $type, 300, $body, false, MSG_IPC_NOWAIT | MSG_NOERROR)) {
            $head = unpack('Ltime/Sid', $body);
            if ($head['id'] === $id) return substr($body, 6);
        }
        usleep(100000);
    }
    exit("no answer\n");
}
if ($wants === 'answer') echo answer($queue, $id);
if ($wants === 'pages') for ($left = ord(answer($queue, $id)); $left > 0; $left--) echo answer($queue, $id);
