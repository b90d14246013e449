using Lakala.Local;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>A network with a short frame deadline, and a neighbour whose line stays open through everything.</summary>
public sealed class StrictNetwork : IAsyncLifetime
{
    public static readonly TimeSpan FrameTimeout = TimeSpan.FromSeconds(3);

    private MerchantClient _merchant = null!;
    private NpgsqlDataSource _database = null!;
    private int _terminals;

    public LocalNetwork Local { get; private set; } = null!;

    internal RawTerminal Neighbour { get; private set; } = null!;

    public TestCard Card => Local.Cards.First(card => card.Expected == "approved");

    public async ValueTask InitializeAsync()
    {
        Local = await Network.StartAnother(new LocalNetworkOptions
        {
            Terminals = 48,
            Silo = new Dictionary<string, string> { ["TerminalGateway__FrameTimeout"] = FrameTimeout.ToString() },
        });
        _merchant = new MerchantClient(Local.Http, Local.Seed.ApiKey);
        _database = NpgsqlDataSource.Create(Local.ConnectionString);
        Neighbour = await RawTerminal.SignedOn(Local, NewTerminal());
    }

    public async ValueTask DisposeAsync()
    {
        await Neighbour.DisposeAsync();
        await _database.DisposeAsync();
        _merchant.Dispose();
        await Local.DisposeAsync();
    }

    /// <summary>A terminal that no other test has used.</summary>
    public SeededTerminal NewTerminal() => Local.Seed.Terminals[_terminals++];

    public async Task<string> NewBill() =>
        (await _merchant.CreateBill("order-" + Guid.NewGuid().ToString("N"), 1_000, "A teapot")).GetProperty("number").GetString()!;

    public async Task<string> StatusOf(string bill) => (await _merchant.GetBill(bill)).GetProperty("status").GetString()!;

    public async Task Block(string terminal)
    {
        await using var command = _database.CreateCommand("update terminals set blocked = true where id = $1");
        command.Parameters.AddWithValue(terminal);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>All rows of money and bills.</summary>
    public async Task<string> Books()
    {
        await using var command = _database.CreateCommand(
            """
            select concat_ws(' ', (select count(*) from attempts), (select count(*) from postings), (select count(*) from events),
              (select count(*) from reversals), (select string_agg(number || state || holds, ',' order by number) from bills))
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}

/// <summary>Any bytes on a terminal's line get a refusal or a closed line, change nothing, and do not affect other lines.</summary>
public sealed class BadFramesTests(StrictNetwork network) : IClassFixture<StrictNetwork>
{
    public static TheoryData<string, byte[]> Unreadable => new()
    {
        { "no length", [0, 0] },
        { "one byte too long", [0x10, 0x01] },
        { "as long as can be said", [0xFF, 0xFF, 0x30] },
        { "another protocol", "GET / HTTP/1.1\r\n\r\n"u8.ToArray() },
        { "no message type", RawTerminal.Frame("ABCD00000000"u8) },
        { "cut off within the bitmap", RawTerminal.Frame("0800\x80\0\0\0"u8) },
        { "a field that is not in use", RawTerminal.Frame([.. "0200"u8, 0x08, 0, 0, 0, 0, 0, 0, 0, .. "123456"u8]) },
        { "a field that is cut off", RawTerminal.Frame([.. "0200"u8, 0x20, 0, 0, 0, 0, 0, 0, 0, .. "50"u8]) },
        { "more than its fields", RawTerminal.Frame([.. "0200"u8, 0x20, 0, 0, 0, 0, 0, 0, 0, .. "5000000"u8]) },
        { "an absurd length", RawTerminal.Frame([.. "0200"u8, 0, 0, 0, 0, 0x20, 0, 0, 0, .. "99="u8]) },
        { "no key", RawTerminal.Frame([.. "0200"u8, 0x20, 0, 0, 0, 0, 0, 0, 0, .. "500000"u8]) },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task What_cannot_be_read_closes_its_line(string what, byte[] bytes)
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.Local.SpareTerminal);
        await ChangesNothing(async () =>
        {
            await terminal.Send(bytes);

            (await terminal.Read(null)).Answer.Should().BeNull(what);
        });
    }

    [Fact]
    public async Task Garbage_closes_its_line()
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.Local.SpareTerminal);
        var random = new Random(8583);
        await ChangesNothing(async () =>
        {
            for (var round = 0; round < 50; round++)
            {
                var garbage = new byte[random.Next(1, Iso8583Frame.MaxLength)];
                random.NextBytes(garbage);
                await terminal.Send(RawTerminal.Frame(garbage));

                (await terminal.Read(null)).Answer.Should().BeNull();
                await terminal.Reconnect();
            }
        });
    }

    [Fact]
    public async Task A_payment_with_any_bit_flipped_is_not_authentic_or_not_read()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var frame = RawTerminal.Frame(terminal.Pay(await network.NewBill(), 1_000, network.Card).ToIso(), terminal.Mac);
        await ChangesNothing(async () =>
        {
            for (var bit = 8 * Iso8583Frame.PrefixLength; bit < 8 * frame.Length; bit += 13)
            {
                var flipped = frame.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                await terminal.Send(flipped);

                var (answer, isAuthentic) = await terminal.Read(terminal.Mac);
                isAuthentic.Should().BeFalse();
                if (answer is null)
                {
                    await terminal.Reconnect();
                }
                else
                {
                    answer.Text(39).Should().BeOneOf(ResponseCodes.BadMac, ResponseCodes.SignOnFirst);
                }
            }
        });
    }

    [Fact]
    public async Task Half_a_frame_and_silence_closes_its_line_alone()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var frame = RawTerminal.Frame(terminal.Network(NetworkCode.Echo).ToIso(), terminal.Mac);
        await ChangesNothing(async () =>
        {
            var begun = TimeProvider.System.GetTimestamp();
            await terminal.Send(frame.AsMemory(0, frame.Length / 2));

            (await terminal.Read(terminal.Mac)).Answer.Should().BeNull();
            TimeProvider.System.GetElapsedTime(begun).Should().BeGreaterThan(StrictNetwork.FrameTimeout);
        });
    }

    [Fact]
    public async Task A_frame_byte_by_byte_is_a_frame()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());

        foreach (var one in RawTerminal.Frame(terminal.Lookup(await network.NewBill()).ToIso(), terminal.Mac))
        {
            await terminal.Send(new[] { one });
        }

        var (answer, isAuthentic) = await terminal.Read(terminal.Mac);
        isAuthentic.Should().BeTrue();
        LookupAnswer.FromIso(answer!).Amount.Should().Be(1_000);
    }

    [Fact]
    public async Task A_busy_line_that_always_ends_in_half_a_frame_stays_open()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var begun = TimeProvider.System.GetTimestamp();
        byte[] begin = [];
        while (TimeProvider.System.GetElapsedTime(begun) < StrictNetwork.FrameTimeout + TimeSpan.FromSeconds(2))
        {
            var next = RawTerminal.Frame(terminal.Network(NetworkCode.Echo).ToIso(), terminal.Mac);
            if (begin.Length == 0)
            {
                begin = next;
                await terminal.Send(begin.AsMemory(0, 5));
                continue;
            }

            await terminal.Send((byte[])[.. begin[5..], .. next[..5]]);
            (await terminal.Read(terminal.Mac)).IsAuthentic.Should().BeTrue();
            begin = next;
        }
    }

    [Fact]
    public async Task A_wrong_MAC_is_told_so_without_one_and_the_line_goes_on()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var payment = terminal.Pay(await network.NewBill(), 1_000, network.Card).ToIso();
        await ChangesNothing(async () =>
        {
            foreach (var mac in new[] { new MessageMac(new byte[32]), null })
            {
                var (answer, isAuthentic) = await terminal.Ask(payment, mac);

                isAuthentic.Should().BeFalse();
                Said(answer!).Should().Be(("A0", 120));
                (answer!.Has(64) || answer.Has(128)).Should().BeFalse();
            }
        });

        (await terminal.AskWell(terminal.Network(NetworkCode.Echo).ToIso())).Text(39).Should().Be("00");
    }

    [Fact]
    public async Task Without_a_session_the_answer_is_to_sign_on_first()
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.NewTerminal());
        var bill = await network.NewBill();
        await ChangesNothing(async () =>
        {
            var (answer, _) = await terminal.Ask(terminal.Pay(bill, 1_000, network.Card).ToIso(), new MessageMac(new byte[32]));

            Said(answer!).Should().Be(("77", 110));
            Verdict.ReadFrom(answer!).Requirement.Should().Be(ProcessingRequirement.SignOn);
        });
    }

    [Fact]
    public async Task After_a_sign_off_and_under_old_keys_the_answer_is_to_sign_on_first()
    {
        var who = network.NewTerminal();
        await using var old = await RawTerminal.SignedOn(network.Local, who);
        await old.AskWell(old.Network(NetworkCode.Echo).ToIso());
        await using var terminal = await RawTerminal.SignedOn(network.Local, who);

        (await old.AskWell(old.Network(NetworkCode.Echo).ToIso())).Text(39).Should().Be("00", "the new keys are not current yet");
        await terminal.AskWell(terminal.Network(NetworkCode.Echo).ToIso());
        Said((await old.Ask(old.Network(NetworkCode.Echo).ToIso(), old.Mac)).Answer!).Should().Be(("77", 110));
        (await terminal.AskWell(terminal.Network(NetworkCode.SignOff).ToIso())).Text(39).Should().Be("00");
        Said((await terminal.Ask(terminal.Network(NetworkCode.Echo).ToIso(), terminal.Mac)).Answer!).Should().Be(("77", 110));
    }

    [Fact]
    public async Task A_stranger_hears_the_same_whether_there_is_such_a_terminal_or_not()
    {
        var known = network.NewTerminal();
        var stranger = known with { MasterKey = new string('0', 64) };
        var hints = new List<string>();
        foreach (var who in new[] { stranger, stranger with { Store = "STORE0000000009" }, known with { Id = "T7777777" }, known with { Id = "        " } })
        {
            await using var terminal = await RawTerminal.Connected(network.Local, who);

            var (answer, isAuthentic) = await terminal.TrySignOn();

            isAuthentic.Should().BeFalse();
            Said(answer!).Should().Be(("A0", 120));
            hints.Add(Convert.ToHexString(answer!.Bytes(48)!));
        }

        hints.Distinct().Should().ContainSingle();
    }

    [Fact]
    public async Task A_terminal_that_is_blocked_or_of_another_store_is_told_so_under_its_own_key()
    {
        var who = network.NewTerminal();
        await using (var moved = await RawTerminal.Connected(network.Local, who with { Store = "STORE0000000009" }))
        {
            var (answer, isAuthentic) = await moved.TrySignOn();
            isAuthentic.Should().BeTrue();
            Said(answer!).Should().Be(("58", 101));
        }

        var blocked = network.NewTerminal();
        await network.Block(blocked.Id);
        await using var terminal = await RawTerminal.Connected(network.Local, blocked);
        var (refused, isOurs) = await terminal.TrySignOn();
        isOurs.Should().BeTrue();
        Said(refused!).Should().Be(("58", 102));
        SignOnRefusal.FromIso(refused!).Nonce.Should().HaveCount(SignOnRequest.NonceLength);
    }

    [Fact]
    public async Task A_sign_on_under_another_master_key_is_not_authentic()
    {
        await using var terminal = await RawTerminal.Connected(network.Local, network.NewTerminal() with { MasterKey = new string('0', 64) });

        Said((await terminal.TrySignOn()).Answer!).Should().Be(("A0", 120));
    }

    [Fact]
    public async Task A_lookup_that_is_replayed_is_refused()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var lookup = terminal.Lookup(await network.NewBill()).ToIso();
        (await terminal.AskWell(lookup)).Text(39).Should().Be("00");

        await ChangesNothing(async () => Said(await terminal.AskWell(lookup)).Should().Be(("94", 141)));
    }

    [Fact]
    public async Task A_key_that_is_used_again_with_other_content_is_refused_and_its_answer_stands()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var (paid, other) = (await network.NewBill(), await network.NewBill());
        var payment = terminal.Pay(paid, 1_000, network.Card);
        var answer = await terminal.AskWell(payment.ToIso());
        answer.Text(39).Should().Be("00");

        await ChangesNothing(async () =>
        {
            Said(await terminal.AskWell((payment with { Bill = other }).ToIso())).Should().Be(("94", 140));
            Said(await terminal.AskWell((payment with { Amount = 999 }).ToIso())).Should().Be(("94", 140));
            (await terminal.AskWell((payment with { IsRepeat = true }).ToIso())).ToString().Should().Be(answer.ToString());
        });
        (await network.StatusOf(other)).Should().Be("OPEN");
    }

    [Fact]
    public async Task A_wrong_amount_is_refused_for_ever_under_its_key_and_the_bill_stays_open()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var bill = await network.NewBill();
        var payment = terminal.Pay(bill, 999, network.Card);

        Said(await terminal.AskWell(payment.ToIso())).Should().Be(("13", 331));
        Said(await terminal.AskWell((payment with { IsRepeat = true }).ToIso())).Should().Be(("13", 331));
        Said(await terminal.AskWell((payment with { Amount = 1_000 }).ToIso())).Should().Be(("94", 140));

        (await network.StatusOf(bill)).Should().Be("OPEN");
    }

    [Fact]
    public async Task A_card_or_PIN_block_that_is_none_is_refused_and_the_bill_stays_open()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var bill = await network.NewBill();

        Said(await terminal.AskWell((terminal.Pay(bill, 1_000, network.Card) with { Track2 = "41111111=30122010" }).ToIso())).Should().Be(("14", 201));
        Said(await terminal.AskWell((terminal.Pay(bill, 1_000, network.Card) with { PinBlock = new byte[16] }).ToIso())).Should().Be(("30", 202));
        Said(await terminal.AskWell((terminal.Pay(bill, 1_000, network.Card) with { Currency = 840 }).ToIso())).Should().Be(("13", 330));
        Said(await terminal.AskWell((terminal.Pay(bill, 1_000, network.Card) with { PinBlock = null }).ToIso())).Should().Be(("30", 130));
        Said(await terminal.AskWell((terminal.Pay(bill, 1_000, network.Card) with { EntryMode = "051" }).ToIso())).Should().Be(("30", 130), "a chip was not read here");
        Said(await terminal.AskWell(terminal.Pay("12345678901245", 1_000, network.Card).ToIso())).Should().Be(("40", 301));

        (await network.StatusOf(bill)).Should().Be("OPEN");
    }

    [Fact]
    public async Task Whoever_guesses_bill_numbers_is_throttled_and_nobody_else()
    {
        await using var terminal = await RawTerminal.SignedOn(network.Local, network.NewTerminal());
        var bill = await network.NewBill();
        await ChangesNothing(async () =>
        {
            for (var guess = 1; guess <= 10; guess++)
            {
                Said(await terminal.AskWell(terminal.Lookup(Numbered(guess)).ToIso())).Should().Be(("40", 302));
            }

            Said(await terminal.AskWell(terminal.Lookup(bill).ToIso())).Should().Be(("91", 150));
            Said(await terminal.AskWell(terminal.Pay(bill, 1_000, network.Card).ToIso())).Should().Be(("91", 150));
        });

        (await network.Neighbour.AskWell(network.Neighbour.Lookup(bill).ToIso())).Text(39).Should().Be("00");
    }

    // Before, within and after: books as they were, and a neighbour whose line works.
    private async Task ChangesNothing(Func<Task> what)
    {
        var before = await network.Books();
        await what();
        (await network.Books()).Should().Be(before);
        (await network.Neighbour.AskWell(network.Neighbour.Network(NetworkCode.Echo).ToIso())).Text(39).Should().Be("00");
    }

    private static (string Code, int Reason) Said(Iso8583Message answer) => (Verdict.ReadFrom(answer).Code, Verdict.ReadFrom(answer).Reason);

    private static string Numbered(long random) => $"{random:D12}{98 - random * 100 % 97:D2}";
}
