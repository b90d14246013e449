using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;

namespace Lakala.Storage.Tests;

/// <summary>Ids are used in frames, addresses and files, so they must not contain characters with a meaning there.</summary>
public sealed class IdTests
{
    [Theory]
    [InlineData("STORE0000000001", true)]
    [InlineData("123456789012345", true)]
    [InlineData("=HYPERLINK12345", false)]
    [InlineData("STORE000000001", false)]
    [InlineData("STORE00000000001", false)]
    [InlineData("store0000000001", false)]
    [InlineData("STORE000000000\n", false)]
    [InlineData("STORE000000001\n", false)]
    [InlineData("STORE0000\"00001", false)]
    [InlineData("STORE0000/00001", false)]
    [InlineData("STORE0000 00001", false)]
    [InlineData("ÄTORE0000000001", false)]
    [InlineData("١٢٣٤٥٦٧٨٩٠١٢٣٤٥", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_store_id_is_fifteen_capital_letters_and_digits(string? id, bool isOne) =>
        new Store(id!, "Corner Store", 20).Fault().Should().Be(isOne ? null : "id has 15 characters, capital letters and digits");

    [Theory]
    [InlineData("shop-1", true)]
    [InlineData("7", true)]
    [InlineData("a_b-c", true)]
    [InlineData("=shop", false)]
    [InlineData("-shop", false)]
    [InlineData("Shop", false)]
    [InlineData("shop\n", false)]
    [InlineData("shop/1", false)]
    [InlineData("shop'1", false)]
    [InlineData("shop 1", false)]
    [InlineData("a23456789012345678901234567890123456789012", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_merchant_id_is_lower_case_letters_digits_and_dashes(string? id, bool isOne) =>
        (new Merchant(id!, "A Shop").Fault() is null).Should().Be(isOne);

    [Theory]
    [InlineData("1001", true)]
    [InlineData("12345678", true)]
    [InlineData("100", false)]
    [InlineData("123456789", false)]
    [InlineData("10a1", false)]
    [InlineData("١٠٠١", false)]
    [InlineData("1001\n", false)]
    [InlineData(null, false)]
    public void A_clerks_number_is_four_to_eight_digits(string? number, bool isOne) =>
        (new Clerk(number!, "Anna").Fault() is null).Should().Be(isOne);

    [Theory]
    [InlineData("ann", true)]
    [InlineData("ann.b-c_1", true)]
    [InlineData("ann\n", false)]
    [InlineData("Ann", false)]
    [InlineData("a", false)]
    [InlineData("key:ann", false)]
    [InlineData(null, false)]
    public void An_operators_name_is_lower_case_letters_digits_and_dots(string? name, bool isOne) =>
        (new Operator(name!, OperatorRole.Watch).Fault() is null).Should().Be(isOne);
}
