//! Japanese.

use super::*;

/// Its table.
pub static WORDS: Wording = Wording {
    language: DocumentLanguage::Japanese,
    tag: "ja-JP",
    decimal: ".",
    thousands: ",",
    colon: "：",
    semicolon: "；",
    stop: "。",
    space: "",
    length,
    date: |day| format!("{}年{}月{}日（{}）", day.year(), day.month(), day.day(), weekday(day, DAYS)),
    list: |names| names.join("、"),
    head: Head {
        minutes: "議事録",
        clock_unknown: "時刻不明",
        place: "場所",
        present: "出席者",
        excused: "欠席者（連絡あり）",
        invited: "招待者",
        consent: "同意",
        announced: "告知",
        announcement: "この会議は録音され、文字に起こされます。同意されない方は、今お知らせください。",
        agenda: "議題",
        part: |from, to, who| {
            let span = match (from, to) {
                (Some(from), Some(to)) => format!("：{from}から{to}まで"),
                (Some(from), None) => format!("：{from}以降"),
                (None, Some(to)) => format!("：{to}まで"),
                (None, None) => String::new(),
            };
            let who = who.map(|who| format!("；{who}の発言のみ")).unwrap_or_default();
            format!("この議事録は会議の一部です{span}{who}。")
        },
    },
    complete: Complete {
        complete: "完全：失われた音声はありません。",
        left_out: "失われた音声はありません。録音対象外の箇所や聞き取れない箇所は、その場所に記してあります。",
        of: |amount, who| format!("{who}の{amount}"),
        lost: |what, in_place| {
            let place = if in_place { "その場所" } else { "その場所または末尾" };
            format!("不完全：{what}が欠けています（{place}に記載）。")
        },
        unfinished: "この録音は正常に終了していないか、まだ続いています。完全かどうかは不明です。",
        no_account: "完全かどうかは確認されていません。録音の記録簿がないか、破損しています。",
        files: "完全かどうかは確認されていません。録音された音声の一部がこの議事録とともにありません。",
        sound_removed: |day| format!("音声は{day}に削除されました。テキストは残っています。"),
        verify: "詳細：",
    },
    pending: Pending {
        removed: |day| format!("この会議のテキストは{day}に削除されました。"),
        running: "この会議は現在録音中で、文字起こしはまだ完了していません。",
        none: "この会議の文字起こしはまだ作成されていません：",
        part: "この会議の文字起こしはまだ最後まで作成されていません：",
        until: |reached| format!("– 作成済み：{reached}"),
        of: |until, who| format!("{until}まで（{who}）"),
        end: "最後",
    },
    who: Who {
        heading: "参加者",
        speaker: "名前",
        talking_time: "発言時間",
        share: "割合",
        turns: "発言回数",
        text_up_to: "文字起こし済み",
        percent: |share| format!("{share}%"),
    },
    marks: Marks { heading: "記録された事項", one: mark, many: mark },
    summary: Summary {
        heading: "要約",
        topics: "話題",
        made_by: |model| format!("発言をもとに{model}が作成しました。各行は根拠となる発言へつながります。"),
        made_at: |model, host| {
            format!("発言をもとに{host}の{model}が作成しました。各行は根拠となる発言へつながります。")
        },
        nothing: "伝えることは見つかりませんでした。",
        stale: "その後、本文または名前が変更されました。",
        left_out: |_, shown, of| format!("{of}文のうち{shown}文を省きました。文字起こしにない内容です。"),
        unread: |_, shown, of| {
            format!("会議の{of}部分のうち{shown}部分を省きました。使える回答がありませんでした。")
        },
        gone: |_, shown| {
            format!("{shown}文は表示していません。根拠となる発言が非表示または変更になりました。")
        },
        corrected: "その後訂正",
        quoted: |text| format!("「{text}」"),
    },
    said: Said {
        heading: "発言内容",
        nothing: "発言は文字起こしされませんでした。",
        still_spoke: |who| format!("{who}の発言中"),
        voice: |number| format!("話者{number}"),
        voice_of: |place, number| format!("{place}、話者{number}"),
        withheld: |reason| format!("保留：{reason}"),
        reason: |name| match name {
            "no_speech_evidence" => Some("発話の根拠なし"),
            "no_speech" => Some("発話なし"),
            "repetition" => Some("繰り返し"),
            "too_fast" => Some("速すぎる"),
            "too_slow" => Some("遅すぎる"),
            "stock_phrase" => Some("定型句"),
            "hidden" => Some("非公開"),
            "by hand" => Some("手動"),
            _ => None,
        },
        withheld_label: "保留",
        echo_label: "エコー",
        echo_of: |who| format!("{who}の反響"),
    },
    notice: |kind, who| match (kind, who) {
        (NoticeKind::NotRecorded, "") => "録音なし".to_owned(),
        (NoticeKind::NotRecorded, who) => format!("{who}の録音なし"),
        (NoticeKind::Paused, "") => "一時停止".to_owned(),
        (NoticeKind::Paused, who) => format!("{who}の一時停止"),
        (NoticeKind::Muted, "") => "すべての音源をミュート".to_owned(),
        (NoticeKind::Muted, who) => format!("{who}をミュート"),
        (NoticeKind::Hidden, _) => "非公開".to_owned(),
        (NoticeKind::Silent, who) => format!("{who}：デジタル無音のみ"),
        (NoticeKind::TooQuiet, who) => format!("{who}の音量がごく小さい"),
        (NoticeKind::NotTranscribed, who) => format!("{who}の文字起こしが欠けています"),
        (NoticeKind::TextPending, "") => "文字起こし未作成".to_owned(),
        (NoticeKind::TextPending, who) => format!("{who}の文字起こし未作成"),
    },
    reason: |cause, kind| match (cause, kind) {
        (GapCause::Stall, SourceKind::Loopback) => "再生音なし",
        (GapCause::NotStarted, _) => "機器の開始が遅れた",
        (GapCause::Stall, _) => "機器から音声が届かなかった",
        (GapCause::Slip, _) => "機器がわずかに音声を飛ばした",
        (GapCause::Overrun, _) => "コンピューターの負荷が高く音声を受け取れなかった",
        (GapCause::DeviceLost, SourceKind::File) => "ファイルが途切れている",
        (GapCause::DeviceLost, _) => "機器が取り外された",
        (GapCause::Foreign, _) => "別の機器の音声が届いた",
        (GapCause::Restart, _) => "録音が再起動された",
        (GapCause::Suspend, _) => "コンピューターがスリープしていた",
        (GapCause::Suspended, _) => "録音プログラムが停止していた",
        (GapCause::Paused, _) => "録音が一時停止されていた",
        (GapCause::Muted, _) => "トラックがミュートされていた",
        (GapCause::WriteError, _) => "ディスクに書き込めなかった",
        (GapCause::Ended, _) => "音源が終了していた",
        (GapCause::Damaged, _) => "ファイルのその箇所が破損している",
        (GapCause::Unrecorded, _) => "ファイルにその時間の音声がない",
    },
    why: Why {
        length_unknown: "長さは不明",
        recogniser_failed: "ここで認識に失敗した",
        muted: "ミュートされていたか、機器が違う可能性",
        loudspeaker_muted: "再生中にスピーカーがミュートされていた可能性",
        words_missing: "言葉が欠けている可能性",
    },
    account: Account {
        heading: "録音内容",
        complete: |names| format!("録音は完全で、欠けているものはありません（{names}）。"),
        nothing_lost: "失われた音声はありません。",
        sources: "音源",
        source: |kind| match kind {
            SourceKind::Mic => "マイク",
            SourceKind::Loopback => "コンピューターの音声",
            SourceKind::File => "ファイル",
            SourceKind::Synth => "合成音",
        },
        channel: |n| format!("チャンネル{n}"),
        recorded: |who, long, takes| {
            let takes = if takes > 1 { format!("（{takes}分割）") } else { String::new() };
            format!("{who}：録音{long}{takes}")
        },
        nothing_missing: "、欠落なし",
        missing: |long, lost, reason, times| {
            let what = if lost { "消失" } else { "録音なし" };
            let times = if times > 1 { format!("（{times}回）") } else { String::new() };
            format!("{what}{long}：{reason}{times}")
        },
        no_reason: "理由は不明",
        silence: |long| format!("デジタル無音のみ{long}（ミュート？）"),
        unknown_amount: "長さ不明",
        at_least: |long| format!("少なくとも{long}"),
    },
    about: About {
        heading: "この議事録について",
        transcribed_by: |models| format!("文字起こし：{models}。"),
        sent_to: |hosts| format!("音声は文字起こしのため{hosts}に送信されました。"),
        summarised_by: |hosts| format!("本文は要約のため{hosts}に送信されました。"),
        left_out: |what| format!("省略（文字起こしデータには保存）：{what}。"),
        marked_withheld: |what| format!("保留として表示：{what}。"),
        echoes: |_, shown| format!("他のトラックの反響{shown}件"),
        without_evidence: |_, shown| format!("発話の根拠が不十分な発言{shown}件"),
        corrected: |_, shown| format!("手動で訂正：発言{shown}件。"),
        zone: |zone| format!("時刻の基準：{zone}。"),
        no_font: |n, named| {
            format!(
                "この文書の{n}文字はこのコンピューターのどのフォントにもありません：{named}。四角で表示されますが、テキストは完全で、検索とコピーができます。"
            )
        },
        written: |version, session| format!("Hansard {version}が録音 {session} から作成。"),
    },
    evidence: Evidence {
        frames: "フレーム数の内訳",
        track: "トラック",
        expected: "想定フレーム数",
        written: "= 書き込み",
        gaps: "+ 欠落部分",
        lost: "うち消失",
        rounding: "+ 端数",
        difference: "+ 差",
        lines: "各行の出所",
        from: "開始",
        file: "ファイル",
        frames_of: "フレーム",
        confidence: "確信度",
        model: "モデル",
        line: "行",
        revision: |id, rev| format!("{id}、第{rev}版"),
        take: |track, take| format!("{track}、テイク{take}"),
        by_hand: "手動",
        fingerprints: "フィンガープリント",
        sha256: "この議事録の作成時点での各トラックのファイルのSHA-256。録音のフォルダーで sha256sum --check を使うと、\
                 ファイルを次の行と照合できます：",
        put_off: |size| format!("トラックのSHA-256は省略されました：読み込む音声が{size}ありました。"),
        growing: "書き込み中",
        summary: "フレーム数とフィンガープリント",
        where_from: "出所",
    },
    page: Page {
        skip: "発言内容へ移動",
        in_minutes: "この議事録の中",
        search_in: "議事録内を検索",
        search: "検索",
        match_before: "前の一致",
        match_after: "次の一致",
        dark: "暗い配色",
        whose: "表示する発言者",
        everybody: "全員",
        who_is: "誰ですか？",
        perhaps: |name| format!("{name}でしょうか？"),
        hear: "聞く",
        unheard: "ここでは誰の声も聞けません。音声ファイルがこのページの隣にありません。声を聞くコマンド",
        left_behind: |file| {
            format!("音声がありません。「{file}」をこのページと同じフォルダーに置いてください。")
        },
        of_another: |file| {
            format!(
                "このページと同じ場所にある「{file}」は別の録音の音声か、変更されています。このページの音声を置いてください。"
            )
        },
        when: "発言の時間帯",
        mark_at: |kind, at, text| format!("{kind}（{at}）：{text}"),
        missing: |long, reason| format!("欠落{long}：{reason}"),
        table: "表",
        keys: "キー操作",
        space: "スペース",
        key_play: "再生、一時停止",
        key_seek: "5秒戻る、進む",
        key_turn: "前の発言、次の発言",
        key_search: "検索、<kbd>Enter</kbd> 次の一致、<kbd>Shift</kbd> <kbd>Enter</kbd> 前の一致",
        key_escape: "検索を終了",
        sound: "音声",
        play: "再生",
        pause: "一時停止",
        place: "録音内の位置",
        speed: "速度",
        follow: "追従",
        of: "{0}／{1}",
        not_found: "見つかりません",
    },
};

const DAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];

fn mark(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Decision => "決定事項",
        MarkKind::Action => "実施事項",
        MarkKind::Question => "質問",
        MarkKind::Note => "メモ",
    }
}

/// Without spaces, with Japanese units.
fn length(seconds: f64) -> String {
    let units = [(" min ", "分"), (" h ", "時間"), (" min", "分"), (" ms", "ミリ秒"), (" s", "秒")];
    units.into_iter().fold(text::length(seconds), |told, (unit, ours)| told.replace(unit, ours))
}
