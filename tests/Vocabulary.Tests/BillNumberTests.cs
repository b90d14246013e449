using CsCheck;

namespace Lakala.Vocabulary.Tests;

public sealed class BillNumberTests
{
    private static readonly Gen<BillNumber> Numbers = Gen.Long[0, BillNumber.RandomParts - 1].Select(BillNumber.FromRandom);

    [Theory]
    [InlineData(0, "00000000000098")]
    [InlineData(1, "00000000000195")]
    [InlineData(123_456_789_012, "12345678901244")]
    [InlineData(999_999_999_999, "99999999999948")]
    public void A_random_part_makes_this_number(long random, string number) => BillNumber.FromRandom(random).ToString().Should().Be(number);

    [Fact]
    public void Drawn_numbers_are_whole_and_differ()
    {
        var drawn = Enumerable.Range(0, 10_000).Select(_ => BillNumber.Draw()).ToList();

        drawn.Should().OnlyHaveUniqueItems().And.OnlyContain(number => BillNumber.IsWhole(number.ToString()));
        drawn.Should().Contain(number => number.Value < BillNumber.RandomParts * 50).And.Contain(number => number.Value >= BillNumber.RandomParts * 50);
    }

    [Theory]
    [InlineData("12345678901244", "1234 5678 9012 44")]
    [InlineData("12345_________", "1234 5___ ____ __")]
    [InlineData("123", "123")]
    [InlineData("", "")]
    public void Digits_are_read_out_in_groups(string digits, string grouped) => string.Join(' ', BillNumber.Groups(digits)).Should().Be(grouped);

    [Fact]
    public void A_number_is_parsed_and_stored_and_is_the_same_again() => Numbers.Sample(number =>
        BillNumber.TryParse(number.ToString(), out var parsed) && parsed == number && BillNumber.FromStored(number.Value) == number
        && number.ToString().Length == BillNumber.Length);

    [Fact]
    public void Every_single_wrong_digit_is_caught() => Numbers.Sample(
        number =>
        {
            var text = number.ToString();
            for (var at = 0; at < text.Length; at++)
            {
                for (var digit = '0'; digit <= '9'; digit++)
                {
                    if (digit != text[at] && BillNumber.TryParse(text[..at] + digit + text[(at + 1)..], out _))
                    {
                        return false;
                    }
                }
            }

            return true;
        },
        iter: 20_000);

    [Fact]
    public void Every_swap_of_two_different_neighbours_is_caught() => Numbers.Sample(
        number =>
        {
            var text = number.ToString();
            for (var at = 0; at + 1 < text.Length; at++)
            {
                if (text[at] != text[at + 1] && BillNumber.TryParse(text[..at] + text[at + 1] + text[at] + text[(at + 2)..], out _))
                {
                    return false;
                }
            }

            return true;
        },
        iter: 20_000);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0000000000098")]
    [InlineData("000000000000098")]
    [InlineData("0000000000009a")]
    [InlineData("-0000000000098")]
    [InlineData(" 0000000000098")]
    [InlineData("٠٠٠٠٠٠٠٠٠٠٠٠98")]
    [InlineData("00000000000001")]
    [InlineData("00000000000097")]
    [InlineData("12345678901245")]
    public void Anything_else_is_no_bill_number(string? text)
    {
        BillNumber.TryParse(text, out var number).Should().BeFalse();
        number.Should().Be(default(BillNumber));
    }

    [Theory]
    [InlineData(-96)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100_000_000_000_000 + 98)]
    public void A_stored_number_that_is_not_whole_is_a_fault(long value) =>
        FluentActions.Invoking(() => BillNumber.FromStored(value)).Should().Throw<ArgumentException>();

    [Theory]
    [InlineData(-1)]
    [InlineData(BillNumber.RandomParts)]
    public void A_random_part_out_of_range_is_a_fault(long random) =>
        FluentActions.Invoking(() => BillNumber.FromRandom(random)).Should().Throw<ArgumentOutOfRangeException>();
}
