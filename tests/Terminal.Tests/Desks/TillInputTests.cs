using System.Text.RegularExpressions;
using CsCheck;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Tests.Desks;

/// <summary>The input of readers, scanners, pastes and typing, with its times, and how the desk reads it.</summary>
public sealed partial class TillInputTests
{
    private const string FullWidthTrack = "；６２２８４８００００００００００００８＝４９１２２０１００００００００００？";
    private const string GermanTrack = "ö6228480000000000008´49122010000000000_";
    private const string FrenchTrack = "m-éé_'_àààààààààààà_='ç&éé à&";

    private static readonly string FrenchBill = OnFrench(Till.Bill);

    public static TheoryData<string> GoodSwipes =>
    [
        Till.Track2 + "\r",
        Till.Track2,
        Till.Track2 + "\r\n",
        Till.Track2 + "\r\r",
        Till.Track2 + "\t",
        Till.Track2 + "7\r",
        Till.Track2 + ";\r",
        Till.Track2 + "%\r",
        Till.Track2 + "?\r",
        Till.Track2 + "=\r",
        Till.Track1 + Till.Track2 + "\r",
        Till.Track1 + "%" + Till.Track2 + "\r",
        Till.Track1 + ";" + Till.Track2 + "\r",
        Till.Track1 + "\r" + Till.Track2 + "\r",
        Till.Track1 + "\r" + Till.Track2 + "\r+0159=0000?\r",
        Till.Track1 + Till.Track2 + "+016228480000000000008=0000000000000?\r",
        Till.Track2 + ";016228480000000008=00000000000000?\r",
        "%E?" + Till.Track2 + "+E?\r",
        "\u0002" + Till.Track2 + "\u0003",
        "\u0002" + Till.Track2 + "\r\u0003",
        FullWidthTrack + "\r",
        GermanTrack + "\r",
        "ñ6228480000000000008¡49122010000000000_\r",
        "ò6228480000000000008ì49122010000000000_\r",
        "æ6228480000000000008´49122010000000000_\r",
        OnFrench(Till.Track2) + "\r",
        ";6228480000000000008=49122010000000000\r",
        "6228480000000000008=49122010000000000?\r",
        "6228480000000000008d49122010000000000\r",
        ";6228480000000000008==20100000?\r",
        ";6228480000000000008=4912=0000?\r",
        ";6228480000000000008===?\r",
        ";6228480000000000001=49122010000000000?\r",
        ";6228480000000001=49122010000000000?\r",
    ];

    public static TheoryData<string> BadSwipes =>
    [
        "%E?;E?+E?\r",
        ";E?+E?\r",
        ";E?;016228480000000008=00000000000000?\r",
        "%E?\r;E?\r+E?\r",
        Till.Track1 + "\r",
        ";622848\r",
        ";62284800000000000012=4912201?\r",
        ";6228480000000000008=491?\r",
        ";6228480000000000008=4912 201?\r",
        ";6228480000000000008=4912A01?\r",
    ];

    [Theory]
    [MemberData(nameof(GoodSwipes))]
    public void A_good_swipe_is_read_whatever_stands_around_it_and_the_PIN_begins_empty_and_in_peace(string keys)
    {
        foreach (var every in new[] { 0, 4, 20 })
        {
            var till = Till.WithBill();

            till.Type(keys, TimeSpan.FromMilliseconds(every));

            till.Desk.Page.Should().BeOfType<Page.PinEntry>().Which.Pin.Should().BeEmpty();
            till.Desk.Notice.Should().BeNull();
            till.Desk.IsReaderGood.Should().BeTrue();
            till.Key("123456\r");
            till.Requests[^1].Should().BeOfType<DeskRequest.Pay>().Which.Card.Pin.Should().Be("123456");
        }
    }

    [Theory]
    [MemberData(nameof(BadSwipes))]
    public void A_bad_swipe_is_told_once_and_stays_told(string keys)
    {
        var till = Till.WithBill();

        till.Scan(keys);

        till.Desk.Page.Should().BeOfType<Page.BillShown>();
        till.Desk.Notice.Should().Be(till.Desk.Words.SwipeAgain);
        till.Requests.Should().HaveCount(1);
        for (var i = 0; i < 2; i++)
        {
            till.Desk.IsReaderGood.Should().BeTrue("three swipes are no four");
            till.Scan(keys);
        }
    }

    [Theory]
    [MemberData(nameof(GoodSwipes))]
    [MemberData(nameof(BadSwipes))]
    public void A_swipe_at_the_bill_page_shows_nothing_of_the_card(string keys)
    {
        foreach (var every in new[] { 0, 4, 20 })
        {
            var till = new Till();

            till.Type(keys, TimeSpan.FromMilliseconds(every));

            till.Desk.Page.Should().Be(new Page.BillEntry(""));
            till.Requests.Should().BeEmpty();
            till.Drawn.Should().NotContain(text => text.Contains("6228") || text.Contains("8480"));
        }
    }

    [Fact]
    public void A_bad_swipe_right_behind_the_scan_of_the_bill_is_told_too()
    {
        var till = new Till();
        till.Scan(Till.Bill + "\r");
        till.Desk.Done(new Report(Outcome.Found) { Bill = Till.Bill, Amount = 1, Payee = "" });

        till.Scan("%E?;E?\r");

        till.Desk.Notice.Should().Be(till.Desk.Words.SwipeAgain);
    }

    [Fact]
    public void A_bare_track_that_comes_as_slowly_as_a_hand_types_is_told_and_not_shown()
    {
        var till = Till.WithBill();

        till.Key(Till.Track2[1..^1] + "\r");

        till.Desk.Page.Should().BeOfType<Page.BillShown>();
        till.Desk.Notice.Should().Be(till.Desk.Words.SwipeFirst);
        till.Drawn.Should().NotContain(text => text.Contains("6228"));
    }

    [Fact]
    public void An_Enter_long_after_the_swipe_is_not_blamed_on_the_PIN()
    {
        var till = Till.WithBill();
        till.Scan(Till.Track2);
        till.Pass(TimeSpan.FromMilliseconds(800));

        till.Key("\r");

        till.Desk.Notice.Should().BeNull();
        till.Key("12\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.PinShort);
    }

    [Theory]
    [InlineData("6901234567892\r")]
    [InlineData("6901234567892")]
    [InlineData(Till.Bill + "\r")]
    [InlineData("1234\r")]
    [InlineData("]C1" + Till.Bill + "\r")]
    [InlineData("１２３４５６\r")]
    [InlineData("WEB-2024-17\r")]
    public void What_is_scanned_at_the_PIN_page_is_told_and_none_of_it_is_kept_or_paid_with(string keys)
    {
        foreach (var every in new[] { 0, 4, 20 })
        {
            var till = Till.WithCard();
            till.Key("96");

            till.Type(keys, TimeSpan.FromMilliseconds(every));

            till.Desk.Page.Should().BeOfType<Page.PinEntry>().Which.Pin.Should().BeEmpty();
            till.Desk.Notice.Should().Be(till.Desk.Words.PinByHand);
            till.Requests.Should().NotContain(request => request is DeskRequest.Pay);
        }
    }

    [Fact]
    public void What_is_pasted_at_the_PIN_page_is_not_taken()
    {
        var till = Till.WithCard();

        till.Paste("123456\r");

        till.Desk.Page.Should().BeOfType<Page.PinEntry>().Which.Pin.Should().BeEmpty();
        till.Desk.Notice.Should().Be(till.Desk.Words.PinByHand);
    }

    [Theory]
    [InlineData("１２３４５６\r", 90)]
    [InlineData("123456\r", 80)]
    [InlineData("123456\r", 1_500)]
    [InlineData("111111\r", 90)]
    public void A_PIN_is_taken_at_a_hands_speed(string keys, int milliseconds)
    {
        var till = Till.WithCard();

        till.Type(keys, TimeSpan.FromMilliseconds(milliseconds));

        till.Requests[^1].Should().BeOfType<DeskRequest.Pay>().Which.Card.Pin.Should().MatchRegex("^(123456|111111)$");
    }

    [Fact]
    public void A_card_that_waits_in_vain_for_its_PIN_is_forgotten()
    {
        var till = Till.WithCard();
        till.Key("96");
        till.Pass(Desk.PinPatience - TimeSpan.FromSeconds(2));
        till.Desk.Page.Should().BeOfType<Page.PinEntry>();

        till.Pass(TimeSpan.FromSeconds(3));

        till.Desk.Page.Should().BeOfType<Page.BillShown>();
        till.Desk.Notice.Should().Be(till.Desk.Words.PinLeft);
        till.Scan(Till.Track2 + "\r");
        till.Desk.Page.Should().BeOfType<Page.PinEntry>().Which.Pin.Should().BeEmpty();
    }

    [Theory]
    [InlineData(Till.OtherBill)]
    [InlineData("]C0" + Till.OtherBill)]
    [InlineData("]C1" + Till.OtherBill)]
    [InlineData("]Q1" + Till.OtherBill)]
    [InlineData("]E0" + Till.OtherBill)]
    [InlineData("\u0002" + Till.OtherBill + "\u0003")]
    [InlineData("２４６８１３５７９０２４４６")]
    public void A_scanned_bill_takes_the_place_of_what_stood_there(string keys)
    {
        foreach (var before in new[] { "", "735", "73516235791238" })
        {
            var till = new Till();
            till.Key(before);
            till.Scan(keys);
            till.Desk.Page.Should().Be(new Page.BillEntry(Till.OtherBill));

            till.Key("\r");

            till.Requests.Should().Equal(new DeskRequest.LookUp(Till.OtherBill));
        }
    }

    [Theory]
    [InlineData("\r")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\t")]
    [InlineData("\u0003\r")]
    public void A_scanner_that_brings_its_own_end_leads_on(string end)
    {
        var till = new Till();

        till.Scan(Till.Bill + end);

        till.Requests.Should().Equal(new DeskRequest.LookUp(Till.Bill));
    }

    [Fact]
    public void A_scan_of_something_else_is_told_and_the_next_scan_begins_anew()
    {
        var till = new Till();

        till.Scan("6901234567892\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.ScanNoBill);
        till.Scan("73516235791238\r");
        till.Desk.Notice.Should().Be(till.Desk.Texts.BillMistyped);
        till.Scan(Till.Bill + "\r");

        till.Requests.Should().Equal(new DeskRequest.LookUp(Till.Bill));
        till.Drawn.Should().NotContain(text => text.Contains("6901"));
    }

    [Fact]
    public void A_card_number_without_sentinels_is_not_shown()
    {
        var till = new Till();

        till.Scan(Till.Pan + "\r");
        till.Scan(Till.Pan[..14] + "\r");

        till.Desk.Page.Should().Be(new Page.BillEntry(""));
        till.Drawn.Should().NotContain(text => text.Contains("6228"));
    }

    [Theory]
    [InlineData(Till.Bill, false)]
    [InlineData("7351 6235 7912 39", false)]
    [InlineData(" 7351-6235-7912-39\n", true)]
    [InlineData(Till.Bill + "\r", true)]
    public void A_pasted_bill_is_taken_in_groups_too(string text, bool isEnded)
    {
        var till = new Till();
        till.Paste(text);
        till.Requests.Should().HaveCount(isEnded ? 1 : 0);

        if (!isEnded)
        {
            till.Desk.Page.Should().Be(new Page.BillEntry(Till.Bill));
            till.Key("\r");
        }

        till.Requests.Should().Equal(new DeskRequest.LookUp(Till.Bill));
    }

    [Fact]
    public void A_scan_in_another_layout_is_read_by_its_check_digits_or_named()
    {
        var till = new Till();
        till.Scan(OnFrench("73516235791238") + "\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.OtherLayout);
        till.Scan("ş6228480000000000008-49122010000000000:\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.OtherLayout);

        till.Scan(FrenchBill + "\r");

        till.Requests.Should().Equal(new DeskRequest.LookUp(Till.Bill));
        till = new Till();
        till.Scan(FrenchBill.Replace('-', '§').Replace('_', '!') + "\r");
        till.Requests.Should().Equal([new DeskRequest.LookUp(Till.Bill)], "a Belgian one differs in two digits");
        till = Till.WithBill();
        till.Scan("ж6228480000000000008=49122010000000000,\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.OtherLayout);
        till.Scan(FrenchTrack + "\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.OtherLayout, "a blank is no digit");
    }

    [Fact]
    public void Digits_by_hand_after_an_outcome_are_ignored_however_long_it_stands()
    {
        var till = Till.WithOutcome(Outcome.Declined);

        till.Key("135790");
        till.Pass(TimeSpan.FromSeconds(5));
        till.Key("135790");
        till.Scan("1357");

        till.Desk.Page.Should().BeOfType<Page.Ended>();
        till.Drawn.Should().NotContain(text => text.Contains("1357"));
    }

    [Theory]
    [InlineData("\r", false)]
    [InlineData("\r", true)]
    [InlineData("135790\r", false)]
    public void A_PIN_that_is_keyed_in_too_late_is_shown_on_no_page(string leadsOn, bool isQuick)
    {
        const string Pin = "246813";
        foreach (var till in new[] { Till.WithOutcome(Outcome.Approved), LeftAtPin(), OfferedAgain(), WithPast(), SignedOff() })
        {
            till.Pass(TimeSpan.FromSeconds(2));
            var requests = till.Requests.Count;
            if (till.Desk.Page is Page.Ended)
            {
                till.Key(leadsOn);
            }

            till.Type(Pin, isQuick ? Till.Device : Till.Hand);
            till.Pass(Desk.PinEcho);

            till.Drawn.Should().NotContain(text => text.Replace(" ", "").Contains("246"), $"this is {till.Desk.Page.GetType().Name}");
            till.Drawn.Should().Contain(text => text.Replace(" ", "").Contains("••••••"));
            till.Desk.Notice.Should().Be(till.Desk.Words.MayBePin);
            till.Requests.Should().HaveCount(requests);
        }

        static Till LeftAtPin()
        {
            var till = Till.WithCard();
            till.Key("12\u001b");
            return till;
        }

        static Till OfferedAgain()
        {
            var till = Till.WithOutcome(Outcome.Declined);
            till.Desk.Done();
            till.Pass(TimeSpan.FromSeconds(20));
            till.Key("135790\u001b");
            return till;
        }

        static Till WithPast()
        {
            var till = Till.WithOutcome(Outcome.Approved);
            till.Desk.ShowPast([]);
            return till;
        }

        static Till SignedOff()
        {
            var till = new Till(needsClerk: true);
            till.Desk.SignedIn(new ClerkIdentity("1001", "Anna", IsSupervisor: true), null);
            till.TakeCard();
            till.Key("123456\r");
            till.Desk.Done(new Report(Outcome.Approved) { Bill = Till.Bill, Amount = 12_800 });
            till.Pass(TimeSpan.FromSeconds(2));
            till.Desk.Press(new Press(DeskKey.SignOff));
            return till;
        }
    }

    [Fact]
    public void A_bill_that_is_keyed_in_right_behind_a_payment_is_hidden_and_looked_up()
    {
        var till = Till.WithOutcome(Outcome.Approved);
        till.Pass(TimeSpan.FromSeconds(2));
        till.Key("\r" + Till.OtherBill);
        till.Drawn.Should().NotContain(text => text.Contains("2468"));
        till.Drawn.Should().Contain("•••• •••• •••• ••");

        till.Key("\r");

        till.Requests[^1].Should().Be(new DeskRequest.LookUp(Till.OtherBill));
    }

    [Theory]
    [InlineData("246813\r")]
    [InlineData("246813" + "24681357")]
    public void Hidden_digits_that_are_no_bill_are_dropped_and_the_next_begin_anew(string keys)
    {
        var till = Till.WithOutcome(Outcome.Approved);
        till.Pass(TimeSpan.FromSeconds(2));
        till.Key("\r" + keys);

        till.Desk.Page.Should().Be(new Page.BillEntry(""));
        till.Desk.Notice.Should().Be(till.Desk.Words.MayHaveBeenPin);
        till.Pass(Desk.PinEcho);
        till.Key(Till.OtherBill[..6]);
        till.Drawn.Should().Contain("2468 13__ ____ __");
    }

    [Fact]
    public void A_scanned_bill_and_one_that_is_keyed_in_later_are_shown_as_ever()
    {
        var till = Till.WithOutcome(Outcome.Approved);
        till.Pass(TimeSpan.FromSeconds(2));
        till.Key("\r13");

        till.Scan(Till.OtherBill);

        till.Drawn.Should().Contain("2468 1357 9024 46");
        till.Key("\u001b");
        till.Pass(Desk.PinEcho);
        till.Key(Till.Bill);
        till.Drawn.Should().Contain("7351 6235 7912 39");
    }

    [Fact]
    public void An_outcome_stays_its_moment_and_then_a_scan_leads_on()
    {
        var till = Till.WithOutcome(Outcome.Approved);

        till.Scan(Till.OtherBill + "\r");
        till.Desk.Page.Should().BeOfType<Page.Ended>();
        till.Desk.Notice.Should().Be(till.Desk.Words.ScanTooSoon);
        till.Pass(Desk.Dwell);
        till.Scan(Till.OtherBill + "\r");

        till.Requests[^1].Should().Be(new DeskRequest.LookUp(Till.OtherBill));
    }

    [Fact]
    public void An_Enter_that_is_held_down_from_the_PIN_on_does_not_lead_on_from_the_outcome()
    {
        var till = Till.WithOutcome(Outcome.Declined);

        till.Type(new string('\r', 100), TimeSpan.FromMilliseconds(30));

        till.Desk.Page.Should().BeOfType<Page.Ended>();
    }

    [Theory]
    [InlineData('\u001b')]
    [InlineData('\u0003')]
    public void A_key_that_is_held_down_gives_no_payment_up_and_ends_no_program(char key)
    {
        var till = key == '\u001b' ? Till.WithCard() : new Till();
        if (key == '\u001b')
        {
            till.Key("123456\r");
        }

        var requests = till.Requests.Count;
        till.Queue(key.ToString(), Till.Hand);
        till.Pass(TimeSpan.FromMilliseconds(500));
        till.Type(new string(key, 100), TimeSpan.FromMilliseconds(30));
        till.Requests.Should().HaveCount(requests);

        till.Pass(Desk.Confirmation);
        till.Key(key.ToString());

        till.Requests.Should().HaveCount(requests + 1);
        till.Requests[^1].Should().Match(request => request is DeskRequest.GiveUp || request is DeskRequest.Leave);
    }

    [Fact]
    public void Ctrl_C_ends_nothing_while_the_bank_is_asked()
    {
        var till = Till.WithCard();
        till.Key("123456\r");

        till.Key("\u0003");
        till.Pass(TimeSpan.FromSeconds(1));
        till.Key("\u0003");

        till.Desk.Page.Should().BeOfType<Page.Asking>();
        till.Requests[^1].Should().BeOfType<DeskRequest.Pay>();
    }

    [Fact]
    public void A_scan_does_not_close_the_batch()
    {
        var till = new Till();
        till.Desk.ShowBatch(new BatchTotals(3, 38_400));

        till.Scan(Till.Bill + "\r");
        till.Scan(Till.Track2 + "\r\n");

        till.Desk.Page.Should().BeOfType<Page.BatchShown>();
        till.Desk.Notice.Should().Be(till.Desk.Words.SwipeLater);
        till.Requests.Should().BeEmpty();
        till.Key("\r");
        till.Requests.Should().Equal(new DeskRequest.CloseBatches());
    }

    [Fact]
    public void A_scanned_bill_finds_its_receipt_and_prints_none()
    {
        var till = new Till();
        till.Desk.ShowPast([]);

        till.Scan(Till.Pan + "\r");
        till.Desk.Page.Should().BeOfType<Page.Past>().Which.Digits.Should().BeEmpty();
        till.Scan(Till.Bill + "\r");

        till.Desk.Page.Should().BeOfType<Page.Past>().Which.Digits.Should().Be(Till.Bill);
        till.Requests.Should().BeEmpty();
    }

    [Fact]
    public void A_scan_is_no_clerk_number_and_no_password()
    {
        var till = new Till(needsClerk: true);

        for (var i = 0; i < 6; i++)
        {
            till.Scan(Till.Bill + "\r");
            till.Desk.Notice.Should().Be(till.Desk.Words.ScanNoClerk);
        }

        till.Pass(TimeSpan.FromSeconds(1));
        till.Scan(Till.Track2 + "\r");
        till.Desk.Notice.Should().Be(till.Desk.Words.SwipeLater, "a card is called one");
        till.Key("1001\r");
        till.Scan("6901234567892\r");
        till.Desk.Page.Should().Be(new Page.SignIn("1001", "", IsAtPassword: true));
        till.Requests.Should().BeEmpty();
        till.Pass(TimeSpan.FromSeconds(1));
        till.Key("%pa;ss=1\r");
        till.Requests.Should().Equal(new DeskRequest.SignIn("1001", "%pa;ss=1"));
    }

    [Fact]
    public void A_badge_and_quick_fingers_sign_in()
    {
        var till = new Till(needsClerk: true);

        till.Scan("1001\r");
        till.Scan("87654321\r");

        till.Requests.Should().Equal(new DeskRequest.SignIn("1001", "87654321"));
    }

    [Fact]
    public void Who_mistyped_a_password_signs_in_at_once_however_quick_her_fingers_are()
    {
        var till = new Till(needsClerk: true);
        till.Scan("1001\r");
        till.Scan("00000000\r");
        till.Desk.SignedIn(null, "no");

        till.Scan("1001\r");
        till.Scan("87654321\r");

        till.Requests.Should().EndWith(new DeskRequest.SignIn("1001", "87654321"));
    }

    [Fact]
    public void Two_hundred_scans_and_fifty_swipes_one_after_the_other_are_all_read_in_order()
    {
        var till = new Till();
        for (var i = 0; i < 200; i++)
        {
            till.Scan((i % 2 == 0 ? Till.Bill : Till.OtherBill) + "\r");
            till.Requests.Should().HaveCount(i + 1);
            till.Desk.Done(new Report(Outcome.Found) { Bill = Till.Bill, Amount = 1, Payee = "" });
            till.Desk.Press(new Press(DeskKey.Escape));
        }

        till = Till.WithBill();
        for (var i = 0; i < 50; i++)
        {
            till.Pass(TimeSpan.FromSeconds(1));
            till.Scan((i % 2 == 0 ? Till.Track2 : ";6217000000000000004=49122010000000000?") + "\r");
            till.Desk.Page.Should().BeOfType<Page.PinEntry>().Which.Track.PrimaryAccountNumber.Should().Be(i % 2 == 0 ? Till.Pan : "6217000000000000004");
        }
    }

    [Fact]
    public void A_second_bill_in_the_burst_is_not_taken_while_the_first_is_looked_up()
    {
        var till = new Till();

        till.Scan(Till.Bill + "\r" + Till.OtherBill + "\r");

        till.Requests.Should().Equal(new DeskRequest.LookUp(Till.Bill));
    }

    /// <summary>
    /// A card's track comes at any moment, on any page, cut by a pause, with other keys before and after it, at a reader's speed. The
    /// screen never shows four digits in a row of its number or of the PIN, except the first six and last four that may be shown.
    /// </summary>
    [Fact]
    public void Of_a_card_or_a_PIN_no_four_digits_in_a_row_are_ever_on_the_screen()
    {
        const string Pan = "4539871206453927", Pin = "860713";
        var tracks = OneOf(
            $";{Pan}=49122010000000000?", $"%B{Pan}^A/B^4912201?;{Pan}=4912201?", $"{Pan}=4912201", $";{Pan}=4912201?;01{Pan}=0000?",
            $"ö{Pan}´4912201_", $"；{Pan}＝4912201？", OnFrench($";{Pan}=4912201?"), Pan, $"]C1{Pan}", $"ş{Pan}-4912201:", $"%B{Pan}^A/B^4912201?");
        var ends = OneOf("\r", "\r\n", "\t", "", "7\r", ";\r", "\u0003");
        var pauses = Gen.Select(Gen.Int[0, 30], Gen.Int[0, 900]).List[0, 1];
        var around = OneOf("", "\r", "22", "\u001b", "\b", Till.Bill + "\r", "\r\r");
        Gen.Select(Gen.Int[0, 4], tracks, ends, Gen.Int[0, 20], pauses, around, around).Sample(
            (page, track, end, every, cuts, before, behind) =>
            {
                var till = page switch
                {
                    0 => new Till(),
                    1 => Till.WithBill(),
                    2 => Till.WithCard(),
                    3 => Till.WithOutcome(Outcome.Declined),
                    _ => new Till(needsClerk: true),
                };
                till.Key(before);
                var at = 0;
                foreach (var (length, pause) in cuts)
                {
                    if (char.IsAsciiDigit(track[0]) || track[0] == ']')
                    {
                        // A part with only digits, also of a barcode, looks like typing.
                        break;
                    }

                    var next = Math.Min(track.Length, at + length);
                    till.Queue(track[at..next], TimeSpan.FromMilliseconds(every));
                    till.Pass(TimeSpan.FromMilliseconds(pause));
                    at = next;
                }

                till.Type(track[at..] + end, TimeSpan.FromMilliseconds(every));
                till.Key(behind);
                if (till.Desk.Page is Page.PinEntry)
                {
                    till.Key(Pin + "\r");
                    till.Desk.Done(new Report(Outcome.Declined) { Bill = Till.Bill, Amount = 12_800 });
                    till.Pass(Desk.Dwell);
                    till.Key("\u001b" + Pin);
                }

                var shown = MaskedNumber().Replace(string.Join('\n', till.Drawn).Replace(" ", ""), "");
                foreach (var secret in new[] { Pan, Pin })
                {
                    for (var i = 0; i + 4 <= secret.Length; i++)
                    {
                        if (shown.Contains(secret[i..(i + 4)]))
                        {
                            return false;
                        }
                    }
                }

                return true;
            },
            iter: 400);
    }

    [GeneratedRegex(@"[0-9]{6}\*+[0-9]{4}", RegexOptions.CultureInvariant)]
    private static partial Regex MaskedNumber();

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static string OnFrench(string text) => string.Concat(text.Select(sign => sign switch
    {
        >= '0' and <= '9' => "à&é\"'(-è_ç"[sign - '0'],
        ';' => 'm',
        '?' => '§',
        _ => sign,
    }));
}
