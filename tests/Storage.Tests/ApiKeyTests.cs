using System.Text.Json;
using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Storage.Tests;

/// <summary>Merchants' keys: their number, how they are revoked, and that every change is an event.</summary>
public sealed class ApiKeyTests(Books books) : IClassFixture<Books>
{
    private readonly ApiKeyRows _keys = new(books.Database);
    private readonly string _merchant = "keys-" + Guid.NewGuid().ToString("N")[..12];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_many_are_made_at_once_no_more_work_than_the_bound()
    {
        var (_, own) = await Open();

        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            i % 3 == 0 ? _keys.Rotate(_merchant, own) : _keys.Add(_merchant, $"key {i}", null, own)));

        made.Count(one => one is not null).Should().Be(ApiKeyRows.MostKeys - 1);
        (await _keys.List(_merchant, Stop)).Should().HaveCount(ApiKeyRows.MostKeys);
        (await books.Scalar<long>($"select count(*) from api_keys where merchant_id = '{_merchant}'")).Should().Be(ApiKeyRows.MostKeys);
    }

    [Fact]
    public async Task A_key_that_has_ended_makes_room_and_leaves_no_row()
    {
        var (_, own) = await Open();
        while (await _keys.Rotate(_merchant, own) is not null)
        {
        }

        await books.Execute($"update api_keys set expires_at = clock_timestamp() where merchant_id = '{_merchant}' and expires_at is not null");

        (await _keys.Rotate(_merchant, own)).Should().NotBeNull();
        (await books.Scalar<long>($"select count(*) from api_keys where merchant_id = '{_merchant}'")).Should().Be(2);
    }

    [Fact]
    public async Task A_revoked_key_is_worth_nothing_from_then_on()
    {
        var (secret, own) = await Open();
        var other = (await _keys.Add(_merchant, "till", null, own))!;

        (await _keys.Revoke(_merchant, own, other.Key.Id)).Should().Be(RevokeOutcome.Revoked);

        (await _keys.Authenticate(secret, Stop)).Should().BeNull();
        (await _keys.Authenticate(other.Secret, Stop)).Should().Be(new KeyHolder(new Merchant(_merchant, "Shop"), other.Key.Id));
        (await _keys.Revoke(_merchant, own, other.Key.Id)).Should().Be(RevokeOutcome.NoSuchKey);
    }

    [Fact]
    public async Task A_key_that_does_not_end_remains_also_when_two_revoke_each_other_at_once()
    {
        var (_, own) = await Open();
        (await _keys.Revoke(_merchant, own, own)).Should().Be(RevokeOutcome.LastKey);
        var renewed = (await _keys.Rotate(_merchant, own))!.Key.Id;
        (await _keys.Revoke(_merchant, renewed, own)).Should().Be(RevokeOutcome.LastKey, "the other one ends in a day");
        var third = (await _keys.Add(_merchant, "third", null, own))!.Key.Id;

        var outcomes = await Task.WhenAll(_keys.Revoke(_merchant, renewed, third), _keys.Revoke(_merchant, third, renewed));

        outcomes.Should().BeEquivalentTo([RevokeOutcome.Revoked, RevokeOutcome.LastKey]);
    }

    [Fact]
    public async Task Another_merchants_key_is_not_there()
    {
        var (secret, own) = await Open();
        var stranger = _merchant + "-b";
        await new MerchantRows(books.Database).Provision(new Merchant(stranger, "Stranger"), 60);
        var by = (await _keys.List(stranger, Stop)).Single().Id;

        (await _keys.Revoke(stranger, own, by)).Should().Be(RevokeOutcome.NoSuchKey);
        await _keys.Add(stranger, "new", TimeSpan.Zero, by);
        await _keys.RevokeAll(stranger, "ann");

        (await _keys.Authenticate(secret, Stop))!.Merchant.Id.Should().Be(_merchant);
        (await _keys.RevokeAll("nobody", "ann")).Should().BeNull();
    }

    [Fact]
    public async Task The_other_keys_end_when_the_new_one_says_so_and_none_lives_longer_for_it()
    {
        var (secret, own) = await Open();
        await _keys.Add(_merchant, "hour", TimeSpan.FromHours(1), own);
        await _keys.Add(_merchant, "day", TimeSpan.FromDays(1), own);
        var ends = (await _keys.List(_merchant, Stop)).Select(key => key.ExpiresAt - key.CreatedAt).ToList();
        ends[0].Should().BeCloseTo(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));
        ends[1].Should().BeCloseTo(TimeSpan.FromDays(1), TimeSpan.FromMinutes(1));
        ends[2].Should().BeNull();

        while (await _keys.Add(_merchant, "more", null, own) is not null)
        {
        }

        var alone = (await _keys.Add(_merchant, "alone", TimeSpan.Zero, own))!;

        (await _keys.List(_merchant, Stop)).Should().ContainSingle().Which.Id.Should().Be(alone.Key.Id);
        (await _keys.Authenticate(secret, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task Every_change_is_told_to_the_merchants_endpoints_and_is_in_the_audit_log()
    {
        var (secret, own) = await Open();
        await books.Execute(
            $"""
            insert into webhook_endpoints (id, merchant_id, url, secret) values ('we_{_merchant}', '{_merchant}', 'https://shop.test/hook', '\x00');
            insert into webhook_endpoints (id, merchant_id, url, secret, disabled_at) values ('we_off{_merchant}', '{_merchant}', 'https://shop.test/off', '\x00', now());
            """);
        var added = (await _keys.Add(_merchant, "茶 \"till\"", TimeSpan.FromHours(1), own))!;
        var rotated = (await _keys.Rotate(_merchant, own))!;
        await _keys.Revoke(_merchant, added.Key.Id, rotated.Key.Id);
        await _keys.RevokeAll(_merchant, "ann");

        var events = await new MerchantEvents(books).Of(_merchant);
        events.Select(one => (one.Type, Id: one.Data.GetProperty("id").GetString())).Should().BeEquivalentTo(
        [
            (EventTypes.KeyCreated, own), (EventTypes.KeyCreated, added.Key.Id), (EventTypes.KeyCreated, rotated.Key.Id),
            (EventTypes.KeyRevoked, added.Key.Id), (EventTypes.KeyRevoked, own), (EventTypes.KeyRevoked, rotated.Key.Id),
        ]);
        var told = events.Single(one => one.Type == EventTypes.KeyCreated && one.Data.GetProperty("id").GetString() == added.Key.Id);
        told.Data.EnumerateObject().Select(member => member.Name).Should().BeEquivalentTo("id", "prefix", "created_at", "name", "others_work_until", "by");
        told.Data.GetProperty("name").GetString().Should().Be("茶 \"till\"");
        told.Data.GetProperty("by").GetString().Should().Be(own);
        events.Where(one => one.Data.TryGetProperty("by", out _)).Should().HaveCount(3, "an operator is not named to a merchant");
        events.Skip(1).Should().OnlyContain(one => one.Receivers == "we_" + _merchant);

        var log = await new AuditLog(books.Database).List(_merchant, null, 10, Stop);
        log.Select(entry => (entry.Who, entry.What)).Should().Equal(
            ("ann", "api_key.revoke_all"),
            ($"merchant:{_merchant} {rotated.Key.Id}", "api_key.revoke"),
            ($"merchant:{_merchant} {own}", "api_key.rotate"),
            ($"merchant:{_merchant} {own}", "api_key.create"),
            ("command line", "api_key.create"),
            ("command line", "merchant.put"));
        (Keys(log[0].Before), Keys(log[0].After)).Should().Be(($"{own}, {rotated.Key.Id}", ""));
        (Keys(log[1].Before), Keys(log[1].After)).Should().Be(($"{own}, {added.Key.Id}, {rotated.Key.Id}", $"{own}, {rotated.Key.Id}"));
        foreach (var one in new[] { secret, added.Secret, rotated.Secret })
        {
            var random = one[^43..];
            (await books.Scalar<long>($"select (select count(*) from events e where e::text like '%{random}%') + (select count(*) from audit_log a where a::text like '%{random}%')"))
                .Should().Be(0);
        }
    }

    [Fact]
    public async Task That_a_key_is_used_is_written_once_an_hour()
    {
        var (secret, _) = await Open();
        (await Used()).Should().BeNull();
        await _keys.Authenticate(secret[..^4] + "AAAA", Stop);
        (await Used()).Should().BeNull("whoever knows the beginning has not used it");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _keys.Authenticate(secret, Stop)));
        var first = await Used();
        first.Should().NotBeNull();
        await _keys.Authenticate(secret, Stop);
        (await Used()).Should().Be(first);

        await books.Execute($"update api_keys set last_used_at = last_used_at - interval '61 minutes' where merchant_id = '{_merchant}'");
        await _keys.Authenticate(secret, Stop);

        (await Used()).Should().BeAfter(first!.Value);

        async Task<DateTimeOffset?> Used() => (await _keys.List(_merchant, Stop)).Single().LastUsedAt;
    }

    [Fact]
    public async Task Operators_find_a_merchant_by_what_its_id_or_a_key_of_it_begins_with()
    {
        var (secret, own) = await Open();

        (await _keys.FindMerchants(_merchant[..12], 5, Stop)).Should().ContainSingle().Which.Should().Be(new MerchantEntry(_merchant, "Shop", 1));
        (await _keys.FindMerchants("lk_" + own["key_".Length..], 5, Stop)).Should().ContainSingle().Which.Id.Should().Be(_merchant);
        (await _keys.FindMerchants(secret, 5, Stop)).Should().ContainSingle().Which.Id.Should().Be(_merchant);
        (await _keys.FindMerchants("lk_nothing", 5, Stop)).Should().BeEmpty();
        (await _keys.FindMerchants("", 1, Stop)).Should().ContainSingle();
    }

    private async Task<(string Secret, string Id)> Open()
    {
        var secret = await new MerchantRows(books.Database).Provision(new Merchant(_merchant, "Shop"), 60);
        return (secret, (await _keys.List(_merchant, Stop)).Single().Id);
    }

    private sealed record Told(string Type, JsonElement Data, string? Receivers);

    private static string Keys(string? values) => JsonElement.Parse(values!).GetProperty("keys").GetString()!;

    private sealed class MerchantEvents(Books books)
    {
        public async Task<IReadOnlyList<Told>> Of(string merchant)
        {
            await using var command = books.Database.CreateCommand(
                "select type, data, (select string_agg(receiver, ' ') from deliveries d where d.event_id = e.id) from events e where merchant_id = $1 order by created_at, id");
            command.Parameters.Add(new() { Value = merchant });
            await using var rows = await command.ExecuteReaderAsync(Stop);
            var told = new List<Told>();
            while (await rows.ReadAsync(Stop))
            {
                told.Add(new Told(rows.GetString(0), JsonElement.Parse(rows.GetString(1)), rows.IsDBNull(2) ? null : rows.GetString(2)));
            }

            return told;
        }
    }
}
