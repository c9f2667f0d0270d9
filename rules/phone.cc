// The one place that speaks C++: libphonenumber has no C interface. It is kept to a
// translation of arguments and of exceptions to error codes; what a number may look
// like is decided before, in number.c.
#include "rules/phone.h"

#include <cerrno>
#include <cstring>
#include <new>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

// Runs work, which returns an outcome, and turns what it throws into an error.
template <typename Work>
int
guarded(const Work &work) noexcept
{
	try {
		return work();
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	} catch (...) {
		return -EIO;
	}
}

} // namespace

// GetInstance is guarded by a once-flag of the library's own.
extern "C" int
phone_library_init(void)
{
	return guarded([] { return PhoneNumberUtil::GetInstance() == nullptr ? -EIO : 0; });
}

extern "C" int
phone_format(char form[PHONE_BYTES], size_t *form_size, const char *number, size_t number_size,
    const char *region, size_t region_size)
{
	return guarded([=]() -> int {
		const PhoneNumberUtil &library = *PhoneNumberUtil::GetInstance();
		const std::string dialled(number, number_size);
		const std::string where = region_size == 0 ? "ZZ" : std::string(region, region_size);
		PhoneNumber parsed;
		std::string e164;

		if (library.Parse(dialled, where, &parsed) != PhoneNumberUtil::NO_PARSING_ERROR)
			return PHONE_E_INVALID;
		if (parsed.has_extension() || !library.IsValidNumber(parsed))
			return PHONE_E_INVALID;
		library.Format(parsed, PhoneNumberUtil::E164, &e164);
		if (e164.empty() || e164.size() > PHONE_BYTES)
			return PHONE_E_INVALID;
		std::memcpy(form, e164.data(), e164.size());
		*form_size = e164.size();
		return 0;
	});
}

extern "C" int
phone_check_region(const char *region, size_t region_size)
{
	return guarded([=]() -> int {
		std::set<std::string> known;

		PhoneNumberUtil::GetInstance()->GetSupportedRegions(&known);
		return known.count(std::string(region, region_size)) == 0 ? PHONE_E_INVALID : 0;
	});
}
